import { Modal, type ModalProps } from "@mantine/core";
import { useEffect } from "react";

/** A dialog that is there while it is drawn; after it the focus is where it was before. */
export function Dialog(props: Omit<ModalProps, "opened">) {
  useEffect(() => {
    const before = focused();
    return () => {
      // What takes the focus on purpose, as another screen does, keeps it.
      setTimeout(() => {
        const isLost = document.activeElement === null || document.activeElement === document.body;
        if (isLost && before?.isConnected) before.focus({ preventScroll: true });
      });
    };
  }, []);
  return <Modal opened {...props} />;
}

/** What has the focus; of a menu, which goes when something of it is chosen, what opened it. */
function focused(): HTMLElement | null {
  const active = document.activeElement;
  if (!(active instanceof HTMLElement) || active === document.body) return null;
  const opener = active.closest("[role=menu]")?.getAttribute("aria-labelledby");
  return opener ? document.getElementById(opener) : active;
}
