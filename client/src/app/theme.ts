import { createStore, type ReadableStore } from '../lib/store'

export type Theme = 'system' | 'light' | 'dark'

const key = 'scriptorium:theme'

function read(): Theme {
  try {
    const saved = localStorage.getItem(key)
    return saved === 'light' || saved === 'dark' ? saved : 'system'
  } catch {
    // A browser that denies its storage just follows the system.
    return 'system'
  }
}

const store = createStore<Theme>(read())
apply(store.get())

export const theme: ReadableStore<Theme> = store

export function setTheme(next: Theme): void {
  try {
    localStorage.setItem(key, next)
  } catch {
    // It holds for this page then.
  }
  apply(next)
  store.set(next)
}

/** The style sheet knows both; without the attribute it follows the system. */
function apply(next: Theme): void {
  if (next === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = next
}
