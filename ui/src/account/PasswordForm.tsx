import { Button, Group, PasswordInput, Stack } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { answer, client } from "../api/client";
import { keys } from "../api/queries";
import { Trouble } from "../design/Feedback";
import { tell } from "../design/notes";
import { t } from "../language/language";

/** Changes one's own password; whatever was signed in with the old one is signed out. */
export function PasswordForm() {
  const queries = useQueryClient();
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const change = useMutation({
    mutationFn: () =>
      answer(client.POST("/auth/password", { body: { old_password: old, new_password: next } })),
    onSuccess: () => {
      tell(t("The password is changed. Log in with the new one."));
      void queries.invalidateQueries({ queryKey: keys.session });
    },
  });
  const differs = again !== "" && again !== next;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (again === next) change.mutate();
  };
  return (
    <Stack component="form" onSubmit={submit} gap="sm">
      <Group align="flex-start">
        <PasswordInput
          label={t("Old password")}
          autoComplete="current-password"
          required
          w={240}
          value={old}
          onChange={(event) => setOld(event.currentTarget.value)}
        />
        <PasswordInput
          label={t("New password")}
          autoComplete="new-password"
          required
          w={240}
          value={next}
          onChange={(event) => setNext(event.currentTarget.value)}
        />
        <PasswordInput
          label={t("New password again")}
          autoComplete="new-password"
          required
          w={240}
          value={again}
          error={differs ? t("The two differ") : undefined}
          onChange={(event) => setAgain(event.currentTarget.value)}
        />
      </Group>
      {change.error ? <Trouble error={change.error} what={t("It stays as it was")} /> : null}
      <Group>
        <Button type="submit" variant="default" loading={change.isPending} disabled={differs}>
          {t("Change the password")}
        </Button>
      </Group>
    </Stack>
  );
}
