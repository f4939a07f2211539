import {
  ActionIcon,
  Alert,
  Badge,
  Button,
  Code,
  CopyButton,
  Group,
  Select,
  Stack,
  Table,
  TagsInput,
  Text,
  TextInput,
} from "@mantine/core";
import { IconCheck, IconCopy, IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { answer, client, type Schemas } from "../api/client";
import { useNow } from "../design/clock";
import { Dialog } from "../design/Dialog";
import { Empty, Shown, Trouble } from "../design/Feedback";
import { Ago, At } from "../design/Moment";
import { refused, tell } from "../design/notes";
import { t } from "../language/language";
import { useSession } from "../session/SessionGate";
import { tokensKey, tokensQuery } from "./queries";

type Token = Schemas["AccessTokenResponse"];

/** Personal access tokens: one's own, or everybody's. */
export function Tokens({ ofAll = false }: { ofAll?: boolean }) {
  const { may, user } = useSession();
  const asked = useQuery(tokensQuery(ofAll ? "~" : undefined));
  const [isNew, setNew] = useState(false);
  return (
    <Stack>
      {ofAll ? null : (
        <Group>
          <Button leftSection={<IconPlus size={16} />} onClick={() => setNew(true)}>
            {t("Make a token")}
          </Button>
        </Group>
      )}
      <Shown asked={asked} what={t("The tokens")}>
        {({ tokens }) =>
          tokens.length === 0 ? (
            <Empty title={t("There is no token")}>
              {t(
                "Scripts and other programs sign in with a token; it can be narrowed to a few things.",
              )}
            </Empty>
          ) : (
            <Table.ScrollContainer minWidth={620}>
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t("Token")}</Table.Th>
                    {ofAll ? <Table.Th>{t("User")}</Table.Th> : null}
                    <Table.Th>{t("May")}</Table.Th>
                    <Table.Th>{t("Made")}</Table.Th>
                    <Table.Th>{t("Last used")}</Table.Th>
                    <Table.Th>{t("Ends")}</Table.Th>
                    <Table.Th w={50} aria-label={t("Actions")} />
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {tokens.map((one) => (
                    <Line
                      key={one.id}
                      token={one}
                      showsUser={ofAll}
                      mayRemove={one.username === user.name || may("edit", "user")}
                    />
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )
        }
      </Shown>
      {isNew ? <NewToken onClose={() => setNew(false)} /> : null}
    </Stack>
  );
}

function Line({
  token,
  showsUser,
  mayRemove,
}: {
  token: Token;
  showsUser: boolean;
  mayRemove: boolean;
}) {
  const queries = useQueryClient();
  const now = useNow();
  const remove = useMutation({
    mutationFn: () =>
      answer(
        client.DELETE("/auth/tokens/{token_id}", { params: { path: { token_id: token.id } } }),
      ),
    onSuccess: () => tell(t("The token {name} counts no more.", { name: token.name })),
    onError: (error) => refused(t("The token still counts"), error),
    onSettled: () => queries.invalidateQueries({ queryKey: tokensKey }),
  });
  const isOver = token.expires_at !== null && Date.parse(token.expires_at) < now;
  return (
    <Table.Tr>
      <Table.Td>{token.name}</Table.Td>
      {showsUser ? <Table.Td>{token.username}</Table.Td> : null}
      <Table.Td>
        {token.scope === null ? (
          t("all that the user may")
        ) : (
          <Group gap={4}>
            {token.scope.map((one) => (
              <Code key={one}>{one}</Code>
            ))}
          </Group>
        )}
      </Table.Td>
      <Table.Td>
        <Ago at={token.created_at} />
      </Table.Td>
      <Table.Td>{token.last_used_at ? <Ago at={token.last_used_at} /> : t("never")}</Table.Td>
      <Table.Td>
        {token.expires_at === null ? (
          <Badge color="orange" variant="light" tt="none">
            {t("never")}
          </Badge>
        ) : isOver ? (
          <Badge color="gray" variant="light" tt="none">
            {t("has ended")}
          </Badge>
        ) : (
          <At at={token.expires_at} />
        )}
      </Table.Td>
      <Table.Td>
        {mayRemove ? (
          <ActionIcon
            variant="subtle"
            color="red"
            aria-label={t("Remove {name}", { name: token.name })}
            loading={remove.isPending}
            onClick={() => remove.mutate()}
          >
            <IconTrash size={16} />
          </ActionIcon>
        ) : null}
      </Table.Td>
    </Table.Tr>
  );
}

const NO_END = "never";

function NewToken({ onClose }: { onClose: () => void }) {
  const { user } = useSession();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [days, setDays] = useState("90");
  const [scope, setScope] = useState<string[]>([]);
  const make = useMutation({
    mutationFn: () =>
      answer(
        client.POST("/auth/tokens", {
          body: {
            name,
            scope: scope.length > 0 ? scope : null,
            expires_in_days: days === NO_END ? null : Number(days),
          },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: tokensKey }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <Dialog onClose={onClose} title={t("Make a token")} closeOnClickOutside={!make.data}>
      {make.data ? (
        <Stack>
          <Alert color="green" variant="light" title={t("Copy it now: it is shown this once")}>
            {t("Programs send it as “Authorization: Bearer …”.")}
          </Alert>
          <Copied label={t("The token")} text={make.data.token} />
          <Group justify="flex-end">
            <Button onClick={onClose}>{t("Done")}</Button>
          </Group>
        </Stack>
      ) : (
        <Stack component="form" onSubmit={submit}>
          <TextInput
            label={t("Name")}
            description={t("What it is for, so that you know it again")}
            required
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Select
            label={t("Ends")}
            allowDeselect={false}
            data={[
              ...[7, 30, 90, 365].map((one) => ({
                value: String(one),
                label: t("after {days} days", { days: one }),
              })),
              { value: NO_END, label: t("never") },
            ]}
            value={days}
            onChange={(chosen) => setDays(chosen ?? "90")}
          />
          <TagsInput
            label={t("May")}
            description={t(
              "Empty: all that you may. Narrower: read:dag, read:*, create:dag_run@dag:sales",
            )}
            data={[...user.may]}
            value={scope}
            onChange={setScope}
            maxDropdownHeight={200}
          />
          {make.error ? <Trouble error={make.error} what={t("It was not made")} /> : null}
          <Text size="xs" c="dimmed">
            {t(
              "It can never do more than you may at that moment, makes no tokens and changes no password.",
            )}
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("Cancel")}
            </Button>
            <Button type="submit" loading={make.isPending}>
              {t("Make")}
            </Button>
          </Group>
        </Stack>
      )}
    </Dialog>
  );
}

/** A text to be taken elsewhere, with a button that copies it. */
export function Copied({ label, text }: { label: string; text: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Group align="flex-end" wrap="nowrap">
          <TextInput
            style={{ flex: 1 }}
            label={label}
            value={text}
            readOnly
            onFocus={(event) => event.currentTarget.select()}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          />
          <Button
            variant="default"
            leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
            onClick={copy}
          >
            {copied ? t("Copied") : t("Copy")}
          </Button>
        </Group>
      )}
    </CopyButton>
  );
}
