import { Fragment, type ReactNode } from "react";
import { t } from "./language";

/** A sentence with elements in it: `<Said text="started {when}" when={<Ago … />} />`. */
export function Said({ text, ...parts }: { text: string } & Record<string, ReactNode>) {
  return t(text)
    .split(/\{(\w+)\}/)
    .map((piece, at) => <Fragment key={at}>{at % 2 === 0 ? piece : parts[piece]}</Fragment>);
}
