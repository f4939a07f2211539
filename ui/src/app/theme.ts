import { type CSSVariablesResolver, createTheme } from "@mantine/core";
import { t } from "../language/language";

export const themeOf = () =>
  createTheme({
    primaryColor: "cyan",
    primaryShade: 9,
    autoContrast: true,
    respectReducedMotion: true,
    luminanceThreshold: 0.35,
    defaultRadius: "md",
    fontFamily:
      'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif',
    fontFamilyMonospace:
      'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
    headings: { fontWeight: "650" },
    components: { CloseButton: { defaultProps: { "aria-label": t("Close") } } },
  });

/** Quiet text must still stand out by 4.5 to 1 (WCAG 2.2, 1.4.3). */
export const resolver: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#5c6370",
    "--mantine-color-placeholder": "#6b7280",
    "--mantine-color-body": "#ffffff",
    "--mantine-color-green-light-color": "#1b5e2b",
    "--mantine-color-red-light-color": "#a61e1e",
    "--mantine-color-gray-light-color": "#495057",
    "--mantine-color-orange-light-color": "#8f3d00",
  },
  dark: {
    "--mantine-color-dimmed": "#a5acb8",
    "--mantine-color-placeholder": "#9aa2af",
    "--mantine-color-body": "#16191d",
  },
});
