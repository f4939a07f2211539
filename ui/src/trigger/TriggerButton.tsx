import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { t } from "../language/language";
import { useSession } from "../session/SessionGate";

const TriggerForm = lazy(() => import("./TriggerForm"));

/** Opens the form that starts a run. */
export function TriggerButton({
  dagId,
  isIcon = false,
  isOpen: isOpenThere,
  onOpen,
}: {
  dagId: string;
  isIcon?: boolean;
  /** Where the address says whether the form is open. */
  isOpen?: boolean;
  onOpen?: (isOpen: boolean) => void;
}) {
  const { may } = useSession();
  const [isOpenHere, setOpenHere] = useState(false);
  const isOpen = isOpenThere ?? isOpenHere;
  const setOpen = onOpen ?? setOpenHere;
  if (!may("create", "dag_run")) return null;
  return (
    <>
      {isIcon ? (
        <Tooltip label={t("Trigger a run")}>
          <ActionIcon
            variant="subtle"
            aria-label={t("Trigger {dagId}", { dagId })}
            onClick={() => setOpen(true)}
          >
            <IconPlayerPlay size={17} />
          </ActionIcon>
        </Tooltip>
      ) : (
        <Button leftSection={<IconPlayerPlay size={16} />} onClick={() => setOpen(true)}>
          {t("Trigger")}
        </Button>
      )}
      {isOpen ? (
        <Suspense>
          <TriggerForm dagId={dagId} onClose={() => setOpen(false)} />
        </Suspense>
      ) : null}
    </>
  );
}
