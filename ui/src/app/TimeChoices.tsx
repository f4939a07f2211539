import { Select } from "@mantine/core";
import {
  chooseTimeStyle,
  chooseZone,
  type TimeStyle,
  useTimeStyle,
  useZone,
} from "../design/clock";
import { t } from "../language/language";

const LOCAL = Intl.DateTimeFormat().resolvedOptions().timeZone;
const ZONES = [...new Set(["UTC", LOCAL, ...Intl.supportedValuesOf("timeZone")])];

/** In which time zone times are shown, and whether as how long ago. */
export function TimeChoices() {
  const zone = useZone();
  const style = useTimeStyle();
  return (
    <>
      <Select
        label={t("Time zone")}
        searchable
        allowDeselect={false}
        limit={50}
        data={ZONES.includes(zone) ? ZONES : [zone, ...ZONES]}
        value={zone}
        onChange={(next) => next && chooseZone(next)}
      />
      <Select
        label={t("Times in lists")}
        allowDeselect={false}
        data={[
          { value: "relative", label: t("How long ago") },
          { value: "absolute", label: t("Date and time") },
        ]}
        value={style}
        onChange={(next) => next && chooseTimeStyle(next as TimeStyle)}
      />
    </>
  );
}
