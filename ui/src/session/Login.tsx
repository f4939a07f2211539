import {
  Anchor,
  Button,
  Center,
  Divider,
  Paper,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { answer, BASE, client, Problem } from "../api/client";
import { keys } from "../api/queries";
import { Mark } from "../app/Mark";
import { Trouble } from "../design/Feedback";
import { t } from "../language/language";
import { Said } from "../language/Said";

/** Signs somebody in: by a password, a code where they have one, or by the deployment's provider. */
export function Login({ hasOidc }: { hasOidc: boolean }) {
  const queries = useQueryClient();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [asksCode, setAsksCode] = useState(false);
  const login = useMutation({
    mutationFn: () =>
      answer(
        client.POST("/ui/session", {
          body: { username, password, totp: asksCode ? code.replaceAll(" ", "") : null },
        }),
      ),
    onSuccess: (session) => queries.setQueryData(keys.session, session),
    onError: (error) => {
      if (error instanceof Problem && error.needs === "totp") setAsksCode(true);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate();
  };
  // That a code is wanted is no mistake the first time.
  const isMistake = login.error && !(asksCode && code === "");
  return (
    <Center mih="100dvh" p="md" component="main">
      <Paper component="form" onSubmit={submit} withBorder p="xl" w={380} maw="100%">
        <Stack>
          <Stack gap={4} align="center">
            <Mark size={44} />
            <Title order={1} size="h3">
              Slipstream
            </Title>
            <Text size="sm" c="dimmed">
              {t("Log in to see and run your DAGs.")}
            </Text>
          </Stack>
          {isMistake ? <Trouble error={login.error} what={t("You are not logged in")} /> : null}
          {asksCode ? (
            <TextInput
              label={t("Code")}
              description={t("The six digits that your authenticator app shows now")}
              inputMode="numeric"
              autoComplete="one-time-code"
              autoFocus
              required
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
            />
          ) : (
            <>
              <TextInput
                label={t("User name")}
                autoComplete="username"
                required
                value={username}
                onChange={(event) => setUsername(event.currentTarget.value)}
              />
              <PasswordInput
                label={t("Password")}
                autoComplete="current-password"
                required
                value={password}
                onChange={(event) => setPassword(event.currentTarget.value)}
              />
            </>
          )}
          <Button type="submit" loading={login.isPending}>
            {t("Log in")}
          </Button>
          {asksCode ? (
            <Anchor
              component="button"
              type="button"
              size="sm"
              onClick={() => {
                setAsksCode(false);
                setCode("");
                login.reset();
              }}
            >
              {t("As somebody else")}
            </Anchor>
          ) : null}
          {hasOidc && !asksCode ? (
            <>
              <Divider label={t("or")} />
              <Button component="a" variant="default" href={oidcAddress()}>
                {t("Sign in with your organisation")}
              </Button>
            </>
          ) : null}
          {asksCode ? (
            <Text size="xs" c="dimmed">
              {t("Whoever has lost the phone asks an administrator to reset the second factor.")}
            </Text>
          ) : (
            <Text size="xs" c="dimmed">
              <Said
                text="The first password was printed when the server started for the first time. Another one is set by {command}."
                command={<code>slipstream users reset-password</code>}
              />
            </Text>
          )}
        </Stack>
      </Paper>
    </Center>
  );
}

/** Where the provider's sign-in begins; it comes back to the present page. */
function oidcAddress(): string {
  const { pathname, search } = window.location;
  const next = pathname.slice(BASE.length) + search || "/";
  return `${BASE}/auth/oidc/login?${new URLSearchParams({ next })}`;
}
