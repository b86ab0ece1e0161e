import { isDark, onThemeChange } from '../../app/theme'
import { createStore, type ReadableStore } from '../../lib/store'

type Mode = 'light' | 'dark'

/** Whose colours code has. The first is the page's own. */
export const schemes = {
  light: { ink: 'Scriptorium', github: 'GitHub', vscode: 'VS Code', solarized: 'Solarized' },
  dark: {
    ink: 'Scriptorium',
    github: 'GitHub',
    vscode: 'VS Code',
    solarized: 'Solarized',
    dracula: 'Dracula',
    nord: 'Nord',
  },
} as const satisfies Record<Mode, Record<string, string>>

export type SchemeOf<M extends Mode> = keyof (typeof schemes)[M]
/** What is chosen for each, since none is fit for both. */
export type CodeColors = { readonly [M in Mode]: SchemeOf<M> }
export type Scheme = { [M in Mode]: { mode: M; name: SchemeOf<M> } }[Mode]

const key = 'scriptorium:colors'

const oneOf = <M extends Mode>(mode: M, value: unknown): SchemeOf<M> =>
  typeof value === 'string' && Object.hasOwn(schemes[mode], value) ? (value as SchemeOf<M>) : 'ink'

/** What a browser has kept; the page's own colours where that is nothing, or no name of any. */
export function readColors(kept: string | null): CodeColors {
  let value: unknown = null
  try {
    value = JSON.parse(kept ?? 'null')
  } catch {
    // As good as nothing.
  }
  const { light, dark } = (value ?? {}) as Record<string, unknown>
  return { light: oneOf('light', light), dark: oneOf('dark', dark) }
}

function kept(): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

const store = createStore<CodeColors>(readColors(kept()))

/** The colours of code that this person has chosen in this browser. */
export const codeColors: ReadableStore<CodeColors> = store

export function setCodeColors(change: Partial<CodeColors>): void {
  const next = { ...store.get(), ...change }
  store.set(next)
  try {
    localStorage.setItem(key, JSON.stringify(next))
  } catch {
    // They hold for this page then.
  }
}

/** The ones for the page as it is now, light or dark. */
const now = createStore<Scheme>(schemeNow())

function schemeNow(): Scheme {
  const { light, dark } = store.get()
  return isDark() ? { mode: 'dark', name: dark } : { mode: 'light', name: light }
}

function follow(): void {
  const next = schemeNow()
  const { mode, name } = now.get()
  if (next.mode !== mode || next.name !== name) now.set(next)
}

store.subscribe(follow)
onThemeChange(follow)

export const currentScheme: ReadableStore<Scheme> = now
