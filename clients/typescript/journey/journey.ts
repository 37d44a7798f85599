/**
 * What the web front end does, in its order; checked against the description by the compiler, and run by a test
 * against a gateway with a small region behind it.
 */
import { ProblemError, answered, connect, current, everyRecord, once } from "../src/client";
import type { Schemas } from "../src/client";

export interface Given {
  gateway: string;
  token: string;
  school: string;
}

export interface Seen {
  client: string;
  schools: string[];
  name: string;
  unchanged: boolean;
  sections: (keyof Schemas["ProfileSections"])[];
  refusedWith: string;
  refusedIn: string;
}

export async function journey(given: Given): Promise<Seen> {
  const api = connect({ baseUrl: given.gateway, token: async () => given.token, language: "cy" });

  const me = await answered(api.GET("/v1/me"));

  const schools: string[] = [];
  const pages = everyRecord((cursor) =>
    api.GET("/v1/schools", { params: { query: { limit: 2, sort: "name", ...(cursor && { cursor }) } } }),
  );
  for await (const school of pages) {
    schools.push(school.school_number ?? "");
    if (schools.length === 5) break;
  }

  const read = (etag: string | undefined) =>
    api.GET("/v1/schools/{school_number}", {
      params: {
        path: { school_number: given.school },
        ...(etag && { header: { "If-None-Match": etag } }),
      },
    });
  const first = await current(undefined, read);
  const second = await current(first, read);

  const profile = await answered(
    api.GET("/v1/schools/{school_number}/profile", { params: { path: { school_number: given.school } } }),
  );
  const sections = Object.keys(profile.sections) as (keyof Schemas["ProfileSections"])[];

  let problem: Schemas["Problem"] | undefined;
  try {
    await answered(
      api.POST("/v1/visits", {
        params: { header: once(), query: { dry_run: true } },
        body: { school_number: "0000000", visit_type: "spring_monitoring", planned_for: "2020-02-30" },
      }),
    );
  } catch (refused) {
    if (!(refused instanceof ProblemError)) throw refused;
    problem = refused.document;
  }

  return {
    client: me.client_id ?? "",
    schools,
    name: first.value.name ?? "",
    unchanged: second === first,
    sections,
    refusedWith: problem?.code ?? "",
    refusedIn: problem?.language ?? "",
  };
}
