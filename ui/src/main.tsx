import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./app/app.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Problem } from "./api/client";
import { beginAt } from "./api/live";
import { sessionQuery } from "./api/queries";
import { loadAhead, makeRouter } from "./app/router";
import { resolver, themeOf } from "./app/theme";
import { loadLanguage } from "./language/language";
import { SessionGate } from "./session/SessionGate";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // The live stream says when something has changed.
      staleTime: 30_000,
      retry: (count, error) => !(error instanceof Problem && error.status >= 400) && count < 5,
    },
  },
});

function begin(): void {
  const place = document.getElementById("app");
  if (!place) throw new Error("The page has no element with the id app.");
  const theme = themeOf();
  const router = makeRouter(queries);
  // What the first screen needs is on its way before anything is drawn, but not before it is known
  // from where on the live stream tells what changes.
  void queries
    .fetchQuery(sessionQuery)
    .then((session) => {
      if (!session.user) return;
      beginAt(session.live_position);
      void router.load().then(loadAhead);
    })
    .catch(() => undefined);
  createRoot(place).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={resolver} defaultColorScheme="auto">
        <QueryClientProvider client={queries}>
          <Notifications position="bottom-right" />
          <SessionGate>
            <RouterProvider router={router} />
          </SessionGate>
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}

// Without the words of another language the app still speaks English.
void loadLanguage().catch(console.error).then(begin);
