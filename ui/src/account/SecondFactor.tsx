import { Badge, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { renderSVG } from "uqr";
import { meQuery } from "../access/queries";
import { Copied } from "../access/Tokens";
import { answer, client } from "../api/client";
import { Trouble } from "../design/Feedback";
import { tell } from "../design/notes";
import { t } from "../language/language";

/** Puts an authenticator app to use, or away. */
export function SecondFactor({ isOn }: { isOn: boolean }) {
  const begin = useMutation({ mutationFn: () => answer(client.POST("/auth/mfa")) });
  const [removes, setRemoves] = useState(false);
  if (isOn) {
    return (
      <>
        <Group justify="space-between">
          <Group gap="xs">
            <Badge color="green" variant="light" tt="none">
              {t("in use")}
            </Badge>
            <Text size="sm">{t("Signing in takes a code of your authenticator app.")}</Text>
          </Group>
          {removes ? null : (
            <Button variant="default" onClick={() => setRemoves(true)}>
              {t("Remove it")}
            </Button>
          )}
        </Group>
        {removes ? (
          <CodeForm path="/auth/mfa/remove" done={t("No code is asked for any more.")} />
        ) : null}
      </>
    );
  }
  return (
    <>
      <Group justify="space-between">
        <Text size="sm">
          {t("With an authenticator app, a stolen password alone lets nobody in.")}
        </Text>
        {begin.data ? null : (
          <Button variant="default" loading={begin.isPending} onClick={() => begin.mutate()}>
            {t("Set it up")}
          </Button>
        )}
      </Group>
      {begin.error ? <Trouble error={begin.error} what={t("It could not be begun")} /> : null}
      {begin.data ? (
        <Group align="flex-start" gap="lg">
          <QrCode text={begin.data.url} />
          <Stack style={{ flex: 1 }} miw={260}>
            <Text size="sm">
              {t(
                "Scan the picture with the app, or type the key into it. Then enter the code that it shows.",
              )}
            </Text>
            <Copied label={t("Key")} text={begin.data.secret} />
            <CodeForm path="/auth/mfa/confirm" done={t("From now on signing in takes a code.")} />
          </Stack>
        </Group>
      ) : null}
    </>
  );
}

/** Dark on light in any scheme: not every app reads it the other way round. */
function QrCode({ text }: { text: string }) {
  const source = `data:image/svg+xml,${encodeURIComponent(renderSVG(text, { border: 2 }))}`;
  return (
    <img
      src={source}
      width={180}
      height={180}
      alt={t("The key as a QR code; it stands beside it as text")}
      style={{ background: "white", borderRadius: 8 }}
    />
  );
}

function CodeForm({
  path,
  done,
}: {
  path: "/auth/mfa/confirm" | "/auth/mfa/remove";
  done: string;
}) {
  const queries = useQueryClient();
  const [code, setCode] = useState("");
  const send = useMutation({
    mutationFn: () => answer(client.POST(path, { body: { code: code.replaceAll(" ", "") } })),
    onSuccess: () => {
      tell(done);
      void queries.invalidateQueries({ queryKey: meQuery.queryKey });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate();
  };
  return (
    <Stack component="form" onSubmit={submit} gap="xs">
      <Group align="flex-end">
        <TextInput
          label={t("Code")}
          inputMode="numeric"
          autoComplete="one-time-code"
          required
          autoFocus
          w={160}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
        <Button type="submit" loading={send.isPending}>
          {t("Confirm")}
        </Button>
      </Group>
      {send.error ? <Trouble error={send.error} what={t("The code was not taken")} /> : null}
    </Stack>
  );
}
