import type { ReactNode } from 'react'
import { Group, type Layout, Panel, Separator } from 'react-resizable-panels'

const key = 'scriptorium:split'

/** Pixels that a half has at least. */
const least = 200

function savedLayout(): Layout | undefined {
  try {
    const share: unknown = JSON.parse(localStorage.getItem(key) ?? 'null')
    return typeof share === 'number' && share > 5 && share < 95 ? { left: share, right: 100 - share } : undefined
  } catch {
    return undefined
  }
}

function save({ left }: Layout): void {
  try {
    localStorage.setItem(key, JSON.stringify(left))
  } catch {
    // It holds for this page then.
  }
}

/** Two halves, and what divides them: it is dragged, or moved by the arrow keys; a double click makes them equal. */
export default function Split({ left, right }: { left: ReactNode; right: ReactNode }) {
  return (
    <Group className="split" defaultLayout={savedLayout()} onLayoutChanged={save}>
      <Panel id="left" className="split-side" defaultSize="50%" minSize={least}>
        {left}
      </Panel>
      <Separator className="split-line" aria-label="Width of the halves" />
      <Panel id="right" className="split-side" minSize={least}>
        {right}
      </Panel>
    </Group>
  )
}
