import { Fragment } from "react";
import { At } from "./Moment";
import { momentsIn } from "./sentence.model";

/** A sentence of the server, with the moments in it in the chosen time zone. */
export function Sentence({ text }: { text: string }) {
  return momentsIn(text).map(({ said, isMoment }, at) =>
    isMoment ? <At key={at} at={said} /> : <Fragment key={at}>{said}</Fragment>,
  );
}
