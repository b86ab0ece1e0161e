import type { Awareness } from 'y-protocols/awareness'

/** Where something stands that scrolls, in numbers that mean the same on any screen. */
export type Place = readonly number[]

/** Which version of a text, and what it is held against. */
export interface VersionShown {
  id: string
  against: 'present' | 'before'
}

/** What somebody has on the screen of a file. */
export interface OnScreen {
  document: string
  /** As what it is shown: "text", "preview", "both", "image", … */
  as: string
  /** Null where nothing scrolls, or where the text's own presence tells it. */
  at: Place | null
  /** With "version" alone. */
  version?: VersionShown
}

/** One page of somebody, and whom they follow themselves. */
export interface Page {
  user: string
  screen: OnScreen | null
  follows: string | null
}

type Json = Record<string, unknown>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null

/** More numbers than any place has are no place. */
const most = 4

function readPlace(value: unknown): Place | null {
  if (!Array.isArray(value) || value.length === 0 || value.length > most) return null
  return value.every((one): one is number => typeof one === 'number' && Number.isFinite(one)) ? value : null
}

const isId = (value: unknown): value is string => typeof value === 'string' && /^[\w-]{1,64}$/.test(value)

function readVersion(value: unknown): VersionShown | null {
  if (!isObject(value) || !isId(value.id)) return null
  return { id: value.id, against: value.against === 'before' ? 'before' : 'present' }
}

function readScreen(value: unknown): OnScreen | null {
  if (!isObject(value)) return null
  const { document, as, at } = value
  if (typeof document !== 'string' || typeof as !== 'string') return null
  const version = as === 'version' ? readVersion(value.version) : null
  return { document, as, at: readPlace(at), ...(version && { version }) }
}

/** All pages by their client; what a page says of itself may be anything. */
export function readPages(awareness: Awareness): ReadonlyMap<number, Page> {
  const pages = new Map<number, Page>()
  for (const [client, state] of awareness.getStates()) {
    const { user, screen, follows }: Json = state
    if (!isObject(user) || typeof user.id !== 'string') continue
    pages.set(client, {
      user: user.id,
      screen: readScreen(screen),
      follows: typeof follows === 'string' ? follows : null,
    })
  }
  return pages
}

/** The page of somebody with this document, on which something is to be seen. */
export function pageWith(pages: ReadonlyMap<number, Page>, user: string, document: string | null): Page | null {
  const theirs = [...pages.values()].filter((page) => page.user === user && page.screen?.document === document)
  return theirs[0] ?? null
}

const seen = (as: string) => (as === 'both' ? ['text', 'preview'] : [as])

/** Whether who has the one on the screen sees what the other shows, or part of it. */
export const seesTheSame = (mine: OnScreen | null, theirs: OnScreen | null): boolean =>
  mine !== null &&
  theirs !== null &&
  mine.document === theirs.document &&
  mine.version?.id === theirs.version?.id &&
  mine.version?.against === theirs.version?.against &&
  seen(mine.as).some((as) => seen(theirs.as).includes(as))
