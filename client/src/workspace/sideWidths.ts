import { createStore, type ReadableStore } from '../lib/store'

export type SideName = 'left' | 'right'

/** Pixels that somebody has given the sides; null where they stay as usual. */
export type Chosen = Readonly<Record<SideName, number | null>>

/** What a side has, and between which it may be moved, in pixels. */
export interface Width {
  now: number
  least: number
  most: number
}

const least = { left: 216, right: 272 }

/** Pixels that stay for the text. */
const leastText = 320

const usual = (window: number) => (window > 1120 ? { left: 264, right: 352 } : { left: 224, right: 304 })

const clamp = (value: number, from: number, to: number) => Math.max(from, Math.min(value, to))

/** The files come first, the panel has what they and the text leave. */
export function sideWidths(chosen: Chosen, window: number): Record<SideName, Width> {
  const asUsual = usual(window)
  const width = (side: SideName, room: number): Width => {
    const most = Math.max(least[side], Math.round(room))
    return { now: clamp(chosen[side] ?? asUsual[side], least[side], most), least: least[side], most }
  }
  const left = width('left', window - leastText - least.right)
  return { left, right: width('right', window - leastText - left.now) }
}

const key = 'scriptorium:sides'

export function readChosen(json: string | null): Chosen {
  const pixels = (value: unknown) => (typeof value === 'number' && value > 0 ? value : null)
  try {
    const { left, right } = (JSON.parse(json ?? '{}') ?? {}) as Record<string, unknown>
    return { left: pixels(left), right: pixels(right) }
  } catch {
    return { left: null, right: null }
  }
}

function saved(): Chosen {
  try {
    return readChosen(localStorage.getItem(key))
  } catch {
    return readChosen(null)
  }
}

const store = createStore<Chosen>(saved())

/** The same for every workspace of this browser. */
export const chosenWidths: ReadableStore<Chosen> = store

export function chooseWidth(side: SideName, width: number | null): void {
  store.update((chosen) => ({ ...chosen, [side]: width === null ? null : Math.round(width) }))
  try {
    localStorage.setItem(key, JSON.stringify(store.get()))
  } catch {
    // It holds for this page then.
  }
}
