import mark from "./mark.svg";

/** The sign of Slipstream. */
export function Mark({ size = 28 }: { size?: number }) {
  return <img src={mark} width={size} height={size} alt="" />;
}
