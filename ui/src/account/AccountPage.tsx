import { Badge, Button, Card, Group, Select, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { meQuery } from "../access/queries";
import { Tokens } from "../access/Tokens";
import { answer, client } from "../api/client";
import { keys } from "../api/queries";
import { TimeChoices } from "../app/TimeChoices";
import { Shown } from "../design/Feedback";
import { refused } from "../design/notes";
import { chooseLanguage, LANGUAGES, type Language, language, t } from "../language/language";
import { PasswordForm } from "./PasswordForm";
import { SecondFactor } from "./SecondFactor";

/** What belongs to whoever is signed in: how they sign in, their tokens, how the app looks to them. */
export function AccountPage() {
  const asked = useQuery(meQuery);
  return (
    <Stack maw={900}>
      <Title order={1} size="h2">
        {t("Your account")}
      </Title>
      <Shown asked={asked} what={t("Your account")}>
        {(me) => (
          <>
            <Part title={t("Who you are")}>
              <Group gap="xs">
                <Text fw={600}>{me.name}</Text>
                {me.roles.map((role) => (
                  <Badge key={role} variant="light" tt="none">
                    {role}
                  </Badge>
                ))}
              </Group>
              {me.source === null ? (
                <Text size="sm" c="dimmed">
                  {t("Everybody is an administrator here without signing in.")}
                </Text>
              ) : me.has_password ? null : (
                <Text size="sm" c="dimmed">
                  {t("Your password is kept elsewhere ({source}); change it there.", {
                    source: me.source.toUpperCase(),
                  })}
                </Text>
              )}
            </Part>
            <Part title={t("Language and times")}>
              <Group align="flex-end">
                <Select
                  label={t("Language")}
                  allowDeselect={false}
                  data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
                  value={language}
                  onChange={(next) => next && chooseLanguage(next as Language)}
                />
                <TimeChoices />
              </Group>
            </Part>
            {me.source === null ? null : (
              <>
                {me.has_password ? (
                  <Part title={t("Password")}>
                    <PasswordForm />
                  </Part>
                ) : null}
                {me.has_password || me.has_second_factor ? (
                  <Part title={t("Second factor")}>
                    <SecondFactor isOn={me.has_second_factor} />
                  </Part>
                ) : null}
                <Part title={t("Personal access tokens")}>
                  <Tokens />
                </Part>
                <Part title={t("Sessions")}>
                  <SignOut />
                </Part>
              </>
            )}
          </>
        )}
      </Shown>
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card withBorder component="section" aria-label={title}>
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      <Stack gap="sm">{children}</Stack>
    </Card>
  );
}

function SignOut() {
  const queries = useQueryClient();
  const everywhere = useMutation({
    mutationFn: () => answer(client.POST("/auth/logout/everywhere")),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.session }),
    onError: (error) => refused(t("You are still signed in"), error),
  });
  return (
    <Group justify="space-between">
      <Text size="sm">
        {t(
          "Every browser and every signed token of yours counts no more, this one too. Personal access tokens stay.",
        )}
      </Text>
      <Button variant="default" loading={everywhere.isPending} onClick={() => everywhere.mutate()}>
        {t("Sign out everywhere")}
      </Button>
    </Group>
  );
}
