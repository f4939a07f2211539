import { TextInput } from "@mantine/core";
import { useZone } from "./clock";
import { momentOf, typedOf } from "./zone.model";

/** A field for a moment in the chosen time zone; null where it is empty. */
export function MomentInput({
  label,
  description,
  value,
  onChange,
  required = false,
  error,
}: {
  label: string;
  description?: string;
  value: number | null;
  onChange: (moment: number | null) => void;
  required?: boolean;
  error?: string | undefined;
}) {
  const zone = useZone();
  return (
    <TextInput
      type="datetime-local"
      label={label}
      description={description ?? zone}
      required={required}
      error={error}
      value={value === null ? "" : typedOf(value, zone)}
      onChange={(event) => onChange(momentOf(event.currentTarget.value, zone))}
    />
  );
}
