import { Button, Center, Paper, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { answer, client } from "../api/client";
import { keys } from "../api/queries";
import { Mark } from "../app/Mark";
import { Trouble } from "../design/Feedback";

export function Login() {
  const queries = useQueryClient();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const login = useMutation({
    mutationFn: () => answer(client.POST("/ui/session", { body: { username, password } })),
    onSuccess: (session) => queries.setQueryData(keys.session, session),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate();
  };
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
              Log in to see and run your DAGs.
            </Text>
          </Stack>
          {login.error ? <Trouble error={login.error} what="You are not logged in" /> : null}
          <TextInput
            label="User name"
            autoComplete="username"
            required
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button type="submit" loading={login.isPending}>
            Log in
          </Button>
          <Text size="xs" c="dimmed">
            The first password was printed when the server started for the first time. Another one
            is set by <code>slipstream users reset-password</code>.
          </Text>
        </Stack>
      </Paper>
    </Center>
  );
}
