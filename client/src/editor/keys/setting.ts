import { createStore, type ReadableStore } from '../../lib/store'

export type KeyStyle = 'plain' | 'vim' | 'emacs'

const key = 'scriptorium:keys'

function saved(): KeyStyle {
  try {
    const value = localStorage.getItem(key)
    return value === 'vim' || value === 'emacs' ? value : 'plain'
  } catch {
    return 'plain'
  }
}

const store = createStore<KeyStyle>(saved())

/** Whose keys the text has, for this person in this browser. */
export const keyStyle: ReadableStore<KeyStyle> = store

export function setKeyStyle(next: KeyStyle): void {
  store.set(next)
  try {
    localStorage.setItem(key, next)
  } catch {
    // It holds for this page then.
  }
}

export const keyStyles: [KeyStyle, string][] = [
  ['plain', 'As usual'],
  ['vim', 'Vim'],
  ['emacs', 'Emacs'],
]
