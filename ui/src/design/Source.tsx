import { json } from "@codemirror/lang-json";
import { python } from "@codemirror/lang-python";
import {
  bracketMatching,
  foldGutter,
  HighlightStyle,
  syntaxHighlighting,
} from "@codemirror/language";
import { unifiedMergeView } from "@codemirror/merge";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import { t } from "../language/language";

const DARK = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: "#ff9db0" },
  { tag: [tags.string, tags.special(tags.string)], color: "#a5d6a7" },
  { tag: [tags.number, tags.bool, tags.null], color: "#ffcc80" },
  { tag: [tags.comment], color: "#9aa7b8", fontStyle: "italic" },
  { tag: [tags.function(tags.variableName), tags.definition(tags.variableName)], color: "#90caf9" },
  { tag: [tags.className, tags.typeName], color: "#ce93d8" },
  { tag: [tags.propertyName], color: "#80deea" },
]);

const LIGHT = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: "#8a1f6a" },
  { tag: [tags.string, tags.special(tags.string)], color: "#1f6b33" },
  { tag: [tags.number, tags.bool, tags.null], color: "#8a4b00" },
  { tag: [tags.comment], color: "#5c6370", fontStyle: "italic" },
  { tag: [tags.function(tags.variableName), tags.definition(tags.variableName)], color: "#0b4fa8" },
  { tag: [tags.className, tags.typeName], color: "#6a1b9a" },
  { tag: [tags.propertyName], color: "#0b6b78" },
]);

const LANGUAGES = { python, json };

/** Text of a program, with what has changed since another text where one is given. */
export default function Source({
  text,
  before,
  language,
  line,
}: {
  text: string;
  before?: string;
  /** The line that is looked at first, from 1 on. */
  line?: number;
  language: keyof typeof LANGUAGES;
}) {
  const place = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  useEffect(() => {
    if (!place.current) return undefined;
    const isDark = scheme === "dark";
    const extensions: Extension[] = [
      lineNumbers(),
      foldGutter(),
      bracketMatching(),
      highlightSelectionMatches(),
      search({ top: true }),
      keymap.of(searchKeymap),
      LANGUAGES[language](),
      syntaxHighlighting(isDark ? DARK : LIGHT),
      EditorState.readOnly.of(true),
      EditorView.contentAttributes.of({ "aria-label": t("Code"), tabindex: "0" }),
      EditorView.theme(
        {
          "&": {
            fontSize: "13px",
            border: "1px solid var(--mantine-color-default-border)",
            borderRadius: "var(--mantine-radius-md)",
            maxHeight: "calc(100dvh - 260px)",
          },
          ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)" },
          ".cm-gutters": { background: "transparent", color: "var(--mantine-color-dimmed)" },
        },
        { dark: isDark },
      ),
    ];
    if (before !== undefined) {
      extensions.push(unifiedMergeView({ original: before, mergeControls: false }));
    }
    const view = new EditorView({
      parent: place.current,
      state: EditorState.create({ doc: text, extensions }),
    });
    if (line !== undefined && line <= view.state.doc.lines) {
      const at = view.state.doc.line(line);
      view.dispatch({
        selection: { anchor: at.from, head: at.to },
        effects: EditorView.scrollIntoView(at.from, { y: "center" }),
      });
    }
    return () => view.destroy();
  }, [text, before, language, scheme, line]);
  return <div ref={place} />;
}
