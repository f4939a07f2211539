import {
  ActionIcon,
  Badge,
  Group,
  Menu,
  MultiSelect,
  PasswordInput,
  Switch,
  Text,
  TextInput,
} from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type Kind, Records } from "../admin/Records";
import { answer, client, type Schemas } from "../api/client";
import { Ago } from "../design/Moment";
import { refused, tell } from "../design/notes";
import { t } from "../language/language";
import { useSession } from "../session/SessionGate";
import { rolesQuery } from "./queries";

type User = Schemas["UserResponse"];

interface Form {
  username: string;
  first_name: string;
  last_name: string;
  email: string;
  /** Empty leaves the one that is kept. */
  password: string;
  roles: string[];
  active: boolean;
  /** Whoever another system vouches for has no password here. */
  isOurs: boolean;
}

const KEY = ["users"] as const;

/** Who may sign in, and with which roles. */
export function Users() {
  const { may, user } = useSession();
  const kind: Kind<User, Form> = {
    words: {
      title: t("Users"),
      add: t("Add a user"),
      find: t("Find a user"),
      none: t("There is no user yet"),
      about: t("Everybody is an administrator here without signing in."),
      removal: t("They are signed out at once, and their tokens count no more."),
    },
    queryKey: KEY,
    canFind: false,
    isHeading2: true,
    list: async ({ limit, offset }) => {
      const query = { limit, offset, order_by: ["username"] };
      const found = await answer(client.GET("/auth/fab/v1/users", { params: { query } }));
      return { records: found.users, total: found.total_entries };
    },
    idOf: (one) => one.username,
    columns: [
      { title: t("User"), show: (one) => <Name user={one} isSelf={one.username === user.name} /> },
      { title: t("Roles"), show: (one) => one.roles.map((role) => role.name).join(", ") || "–" },
      { title: t("Last login"), show: (one) => <Ago at={one.last_login} /> },
      {
        title: t("Failed logins"),
        show: (one) =>
          one.failed_login_count > 0 ? (
            <Text size="sm" style={{ color: "var(--state-failed)" }}>
              {one.failed_login_count}
            </Text>
          ) : (
            0
          ),
      },
    ],
    formOf: (one) => ({
      username: one?.username ?? "",
      first_name: one?.first_name ?? "",
      last_name: one?.last_name ?? "",
      email: one?.email ?? "",
      password: "",
      roles: one?.roles.map((role) => role.name) ?? ["Viewer"],
      active: one?.active ?? true,
      isOurs: one === null || one.source === "database",
    }),
    Form: UserForm,
    save: ({ isOurs: _, roles, password, ...form }, isNew) => {
      const named = roles.map((name) => ({ name }));
      if (isNew) {
        const body = { ...form, password, roles: named };
        return answer(client.POST("/auth/fab/v1/users", { body }));
      }
      return answer(
        client.PATCH("/auth/fab/v1/users/{username}", {
          params: { path: { username: form.username } },
          body: { ...form, roles: named, ...(password ? { password } : {}) },
        }),
      );
    },
    remove: (username) =>
      answer(client.DELETE("/auth/fab/v1/users/{username}", { params: { path: { username } } })),
    more: may("edit", "user") ? (one) => <Further user={one} /> : undefined,
    mayCreate: may("create", "user"),
    mayEdit: may("edit", "user"),
    mayDelete: (one) => may("delete", "user") && one.username !== user.name,
  };
  return <Records kind={kind} />;
}

function Name({ user, isSelf }: { user: User; isSelf: boolean }) {
  const full = [user.first_name, user.last_name].filter(Boolean).join(" ");
  return (
    <>
      <Group gap={6}>
        <Text size="sm" fw={600}>
          {user.username}
        </Text>
        {isSelf ? (
          <Badge size="sm" variant="default" tt="none">
            {t("you")}
          </Badge>
        ) : null}
        {user.active ? null : (
          <Badge size="sm" variant="light" color="gray" tt="none">
            {t("deactivated")}
          </Badge>
        )}
        {user.has_second_factor ? (
          <Badge size="sm" variant="light" color="green" tt="none">
            {t("second factor")}
          </Badge>
        ) : null}
        {user.source === "database" ? null : (
          <Badge size="sm" variant="default">
            {user.source}
          </Badge>
        )}
      </Group>
      <Text size="xs" c="dimmed">
        {[full, user.email].filter(Boolean).join(" · ")}
      </Text>
    </>
  );
}

function UserForm({
  form,
  change,
  isNew,
}: {
  form: Form;
  change: (part: Partial<Form>) => void;
  isNew: boolean;
}) {
  const roles = useQuery(rolesQuery);
  const names = roles.data?.roles.map((role) => role.name) ?? form.roles;
  const line = (name: "first_name" | "last_name", label: string) => (
    <TextInput
      label={label}
      value={form[name]}
      onChange={(event) => change({ [name]: event.currentTarget.value })}
    />
  );
  return (
    <>
      <TextInput
        label={t("User name")}
        required
        disabled={!isNew}
        autoComplete="off"
        value={form.username}
        onChange={(event) => change({ username: event.currentTarget.value })}
      />
      <Group grow>
        {line("first_name", t("First name"))}
        {line("last_name", t("Last name"))}
      </Group>
      <TextInput
        label={t("Mail")}
        type="email"
        value={form.email}
        onChange={(event) => change({ email: event.currentTarget.value })}
      />
      {form.isOurs ? (
        <PasswordInput
          label={t("Password")}
          description={
            isNew
              ? undefined
              : t("Empty keeps the present one. A new one signs them out everywhere.")
          }
          required={isNew}
          autoComplete="new-password"
          value={form.password}
          onChange={(event) => change({ password: event.currentTarget.value })}
        />
      ) : null}
      <MultiSelect
        label={t("Roles")}
        data={names}
        value={form.roles}
        onChange={(chosen) => change({ roles: chosen })}
        searchable
      />
      <Switch
        label={t("May sign in")}
        checked={form.active}
        onChange={(event) => change({ active: event.currentTarget.checked })}
      />
    </>
  );
}

/** What else can be done about a user. */
function Further({ user: { username, has_second_factor: hasFactor } }: { user: User }) {
  const queries = useQueryClient();
  const path = { username };
  const settled = {
    onError: (error: Error) => refused(t("Nothing was changed"), error),
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
  };
  const signOut = useMutation({
    mutationFn: () =>
      answer(client.DELETE("/auth/fab/v1/users/{username}/tokens", { params: { path } })),
    onSuccess: () => tell(t("{username} is signed out everywhere.", { username })),
    ...settled,
  });
  const reset = useMutation({
    mutationFn: () =>
      answer(client.DELETE("/auth/fab/v1/users/{username}/mfa", { params: { path } })),
    onSuccess: () => tell(t("{username} signs in without a code now.", { username })),
    ...settled,
  });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={t("More about {name}", { name: username })}
        >
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => signOut.mutate()}>
          {t("Sign out everywhere, and remove tokens")}
        </Menu.Item>
        <Menu.Item disabled={!hasFactor} onClick={() => reset.mutate()}>
          {t("Reset the second factor")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
