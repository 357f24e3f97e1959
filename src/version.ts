/** The agent's version; a test holds it equal to package.json. */
export const version = '0.1.0';

/** What the build has put into a binary; undefined where the agent runs from its sources. */
declare const KEYFERRY_BUILD:
  | { readonly commit: string; readonly addons: Readonly<Record<string, string>> }
  | undefined;

export const buildFacts = typeof KEYFERRY_BUILD === 'undefined' ? undefined : KEYFERRY_BUILD;

/** Set by what starts the binary's bundle. */
declare const KEYFERRY_CODE_CACHE: boolean | undefined;

/** Whether V8 has taken the compiled code in the binary instead of compiling its own, which makes for a slower start; undefined from sources. */
export const codeCacheUsed = typeof KEYFERRY_CODE_CACHE === 'undefined' ? undefined : KEYFERRY_CODE_CACHE;
