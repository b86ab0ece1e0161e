import { describe, isUnreachable } from '../api/problem'
import { createStore, type ReadableStore } from '../lib/store'

/** Something that can be done about a message as long as it is there. */
export interface ToastAction {
  label: string
  /** How else it can be done, for those who cannot be so quick. */
  otherwise: string
  run: () => void
}

export interface Toast {
  id: number
  tone: 'plain' | 'problem'
  title: string
  detail: string
  action: ToastAction | null
}

const store = createStore<readonly Toast[]>([])
let lastId = 0

export const toasts: ReadableStore<readonly Toast[]> = store

function add(tone: Toast['tone'], title: string, detail: string, action: ToastAction | null = null): void {
  lastId += 1
  const toast = { id: lastId, tone, title, detail, action }
  // The same trouble ten times over is one trouble.
  const others = store.get().filter((known) => known.title !== title || known.detail !== detail)
  store.set([...others, toast].slice(-4))
}

export const dismiss = (id: number) => store.update((list) => list.filter((toast) => toast.id !== id))
export const tell = (title: string, detail = '', action: ToastAction | null = null) =>
  add('plain', title, detail, action)

/** Says what went wrong with `what` ("The file was not moved"). */
export function tellProblem(what: string, error: unknown): void {
  const { title, detail } = describe(error)
  // The server's detail is a sentence for people, its title only the name of the status.
  add('problem', what, detail === '' ? title : detail)
}

/** Runs `action`; a failure becomes a toast. Resolves to whether it succeeded. */
export async function attempt(what: string, action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action()
    return true
  } catch (error) {
    tellProblem(what, error)
    return false
  }
}

/** As `attempt`, for what nobody has asked for: that the page is offline is said where it always is. */
export async function attemptUnasked(what: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action()
  } catch (error) {
    if (!isUnreachable(error)) tellProblem(what, error)
  }
}
