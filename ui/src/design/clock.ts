/** One clock for everything on the screen, and the time zone that people have chosen. */
import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let now = Date.now();
let timer: number | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    timer = window.setInterval(() => {
      now = Date.now();
      for (const one of listeners) one();
    }, 1000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      window.clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The present moment, in milliseconds, anew every second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

const ZONE_KEY = "slipstream.timezone";
const zoneListeners = new Set<() => void>();

export function chosenZone(): string {
  return localStorage.getItem(ZONE_KEY) ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function chooseZone(zone: string): void {
  localStorage.setItem(ZONE_KEY, zone);
  for (const one of zoneListeners) one();
}

/** The time zone that times are shown in. */
export function useZone(): string {
  return useSyncExternalStore((listener) => {
    zoneListeners.add(listener);
    return () => zoneListeners.delete(listener);
  }, chosenZone);
}

export type TimeStyle = "relative" | "absolute";

const STYLE_KEY = "slipstream.times";

function chosenTimeStyle(): TimeStyle {
  return localStorage.getItem(STYLE_KEY) === "absolute" ? "absolute" : "relative";
}

export function chooseTimeStyle(style: TimeStyle): void {
  localStorage.setItem(STYLE_KEY, style);
  for (const one of zoneListeners) one();
}

/** Whether lists tell how long ago something was, or when. */
export function useTimeStyle(): TimeStyle {
  return useSyncExternalStore((listener) => {
    zoneListeners.add(listener);
    return () => zoneListeners.delete(listener);
  }, chosenTimeStyle);
}
