import { type ComponentType, lazy, type LazyExoticComponent } from 'react'

/** Milliseconds until a part of the page that could not be fetched is asked for again. */
const again = 2_000

/** So often while the server can be reached: a part that it does not have belongs to an older page. */
const mostRefused = 3

const pause = () =>
  new Promise<void>((resolve) => {
    const go = () => {
      clearTimeout(timer)
      removeEventListener('online', go)
      resolve()
    }
    const timer = setTimeout(go, again)
    addEventListener('online', go)
  })

const isThere = () =>
  fetch('/healthz', { cache: 'no-store' }).then(
    ({ ok }) => ok,
    () => false,
  )

/** Fetches a part of the page, however long the server is away meanwhile. */
export async function patiently<T>(load: () => Promise<T>): Promise<T> {
  for (let refused = 0; ;) {
    try {
      return await load()
    } catch (error) {
      if (await isThere()) refused += 1
      if (refused >= mostRefused) throw error
      await pause()
    }
  }
}

const ahead: (() => Promise<unknown>)[] = []

/**
 * A component that comes when it is needed, and waits where the server is away rather than taking the page with it.
 * `ahead`: fetched once the page is at rest, so that it is there when the server is not.
 */
export function lazily<Props>(
  load: () => Promise<{ default: ComponentType<Props> }>,
  options: { ahead?: boolean } = {},
): LazyExoticComponent<ComponentType<Props>> {
  if (options.ahead) ahead.push(load)
  return lazy(() => patiently(load))
}

/** Fetches, one after the other, what is likely to be needed; what is needed before comes first all the same. */
export async function fetchAhead(): Promise<void> {
  // What is fetched may name more.
  for (let load = ahead.shift(); load !== undefined; load = ahead.shift()) {
    await load().catch(() => undefined)
  }
}
