import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo } from "react";
import { type Schemas, setCsrfToken, whenLoggedOut } from "../api/client";
import { beginAt } from "../api/live";
import { keys, sessionQuery } from "../api/queries";
import { Shown } from "../design/Feedback";
import { WordsProvider } from "../design/words";
import { Login } from "./Login";

type Session = Schemas["SessionResponse"];

interface Here {
  session: Session;
  user: Schemas["SessionUser"];
  /** Whether the person may do that: `may("edit", "dag")`. */
  may: (action: "read" | "create" | "edit" | "delete", resource: string) => boolean;
}

const Context = createContext<Here | null>(null);

/** Who is logged in, and what they may do. */
export function useSession(): Here {
  const here = useContext(Context);
  if (!here) throw new Error("useSession is for what stands inside of a SessionGate.");
  return here;
}

/** Shows the app to who is logged in, and the login to everybody else. */
export function SessionGate({ children }: { children: ReactNode }) {
  const asked = useQuery(sessionQuery);
  const queries = useQueryClient();
  useEffect(() => {
    whenLoggedOut(() => void queries.invalidateQueries({ queryKey: keys.session }));
  }, [queries]);
  return (
    <Shown asked={asked} what="Slipstream">
      {(session) => (
        <WordsProvider words={session.words}>
          {session.user ? (
            <Inside session={session} user={session.user}>
              {children}
            </Inside>
          ) : (
            <Login hasOidc={session.has_oidc} />
          )}
        </WordsProvider>
      )}
    </Shown>
  );
}

function Inside({
  session,
  user,
  children,
}: {
  session: Session;
  user: Schemas["SessionUser"];
  children: ReactNode;
}) {
  setCsrfToken(session.csrf_token ?? null);
  beginAt(session.live_position);
  const here = useMemo<Here>(() => {
    const all = new Set(user.may);
    return { session, user, may: (action, resource) => all.has(`${action}:${resource}`) };
  }, [session, user]);
  return <Context.Provider value={here}>{children}</Context.Provider>;
}
