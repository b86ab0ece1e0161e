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

const system = matchMedia('(prefers-color-scheme: dark)')

/** Whether the page is dark now, for what no style sheet reaches. */
export const isDark = (): boolean => (store.get() === 'system' ? system.matches : store.get() === 'dark')

/** Calls back whenever the page may have become dark or light; answers how to stop. */
export function onThemeChange(listener: () => void): () => void {
  system.addEventListener('change', listener)
  const stop = store.subscribe(listener)
  return () => {
    system.removeEventListener('change', listener)
    stop()
  }
}
