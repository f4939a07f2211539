import {
  Alert,
  Autocomplete,
  Button,
  Group,
  JsonInput,
  NumberInput,
  PasswordInput,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { IconPlugConnected } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client } from "../api/client";
import { Trouble } from "../design/Feedback";
import { t } from "../language/language";
import { Said } from "../language/Said";
import type { Field } from "../trigger/params.model";
import { Input } from "../trigger/TriggerForm";
import {
  type Body,
  extraFields,
  extraText,
  fieldOf,
  isSecret,
  type Standard,
  type Type,
  withExtra,
} from "./connections.model";

export interface Form {
  connection_id: string;
  conn_type: string;
  host: string;
  port: number | "";
  schema: string;
  login: string;
  /** Empty leaves the one that is kept. */
  password: string;
  extra: string;
  description: string;
}

interface Props {
  form: Form;
  change: (part: Partial<Form>) => void;
  isNew: boolean;
}

/** What is sent for a form. */
export function bodyOf({ password, port, ...rest }: Form): Body {
  const texts = Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [name, value === "" ? null : value]),
  ) as Record<keyof typeof rest, string | null>;
  const body = {
    ...texts,
    connection_id: rest.connection_id,
    conn_type: rest.conn_type,
    port: port === "" ? null : port,
  };
  return password ? { ...body, password } : body;
}

/** The fields of a connection, as its type has them. */
export function ConnectionForm({ form, change, isNew }: Props) {
  const asked = useQuery({
    queryKey: ["connection-types"],
    queryFn: () => answer(client.GET("/ui/connectionTypes")),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const types = asked.data?.types ?? [];
  const type = types.find((one) => one.connection_type === form.conn_type);
  return (
    <>
      <Group grow align="flex-start">
        <TextInput
          label={t("Id")}
          required
          disabled={!isNew}
          value={form.connection_id}
          onChange={(event) => change({ connection_id: event.currentTarget.value })}
        />
        <Autocomplete
          label={t("Type")}
          placeholder={t("postgres, http, aws …")}
          required
          data={types.map((one) => one.connection_type)}
          value={form.conn_type}
          onChange={(conn_type) => change({ conn_type })}
        />
      </Group>
      {asked.data && form.conn_type && !type ? (
        <Text size="sm" c="dimmed">
          <Said
            text="No installed provider has the type “{connType}”: these are the fields of any connection."
            connType={form.conn_type}
          />
        </Text>
      ) : null}
      <StandardFields form={form} change={change} isNew={isNew} type={type} />
      {extraFields(type).map((field) => (
        <ExtraField
          key={field.name}
          field={field}
          isSecret={isSecret(type, field.name)}
          extra={form.extra}
          onChange={(extra) => change({ extra })}
        />
      ))}
      {fieldOf(type, "extra").isHidden ? null : (
        <JsonInput
          label={fieldOf(type, "extra").label}
          description={t("A JSON object")}
          placeholder={fieldOf(type, "extra").placeholder}
          autosize
          minRows={3}
          value={form.extra}
          onChange={(extra) => change({ extra })}
        />
      )}
      <TextInput
        label={t("Description")}
        value={form.description}
        onChange={(event) => change({ description: event.currentTarget.value })}
      />
      {asked.data?.can_test ? <Test form={form} /> : null}
    </>
  );
}

function StandardFields({ form, change, isNew, type }: Props & { type: Type | undefined }) {
  const line = (name: Exclude<Standard, "port" | "password" | "extra">) => {
    const { isHidden, label, placeholder } = fieldOf(type, name);
    return isHidden ? null : (
      <TextInput
        label={label}
        placeholder={placeholder}
        autoComplete="off"
        value={form[name]}
        onChange={(event) => change({ [name]: event.currentTarget.value })}
      />
    );
  };
  const port = fieldOf(type, "port");
  const password = fieldOf(type, "password");
  return (
    <>
      <Group grow align="flex-start">
        {line("host")}
        {port.isHidden ? null : (
          <NumberInput
            label={port.label}
            placeholder={port.placeholder}
            min={0}
            max={65_535}
            allowDecimal={false}
            value={form.port}
            onChange={(value) => change({ port: value === "" ? "" : Number(value) })}
          />
        )}
      </Group>
      <Group grow align="flex-start">
        {line("login")}
        {password.isHidden ? null : (
          <PasswordInput
            label={password.label}
            placeholder={password.placeholder}
            description={isNew ? undefined : t("Empty keeps the present one")}
            autoComplete="new-password"
            value={form.password}
            onChange={(event) => change({ password: event.currentTarget.value })}
          />
        )}
      </Group>
      {line("schema")}
    </>
  );
}

function ExtraField({
  field,
  isSecret,
  extra,
  onChange,
}: {
  field: Field;
  isSecret: boolean;
  extra: string;
  onChange: (extra: string) => void;
}) {
  const [wrong, setWrong] = useState<{ text: string; why: string } | null>(null);
  const text = wrong?.text ?? extraText(extra, field);
  const type = (typed: string) => {
    try {
      onChange(withExtra(extra, field, typed));
      setWrong(null);
    } catch (error) {
      setWrong({ text: typed, why: (error as Error).message });
    }
  };
  return isSecret ? (
    <PasswordInput
      label={field.label}
      description={field.about}
      autoComplete="new-password"
      value={text}
      onChange={(event) => type(event.currentTarget.value)}
    />
  ) : (
    <Input field={field} text={text} error={wrong?.why} onChange={type} />
  );
}

function Test({ form }: { form: Form }) {
  const test = useMutation({
    mutationFn: () => answer(client.POST("/api/v2/connections/test", { body: bodyOf(form) })),
  });
  return (
    <Stack gap="xs">
      <Group>
        <Button
          variant="default"
          leftSection={<IconPlugConnected size={16} />}
          loading={test.isPending}
          disabled={form.conn_type === ""}
          onClick={() => test.mutate()}
        >
          {t("Test")}
        </Button>
      </Group>
      {test.error ? <Trouble error={test.error} what={t("It could not be tested")} /> : null}
      {test.data ? (
        <Alert
          color={test.data.status ? "green" : "red"}
          variant="light"
          title={test.data.status ? t("The service answers") : t("The service does not answer")}
        >
          {test.data.message}
        </Alert>
      ) : null}
    </Stack>
  );
}
