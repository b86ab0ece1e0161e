import { SquareSplitHorizontal } from 'lucide-react'
import { Tabs } from 'radix-ui'
import { type DragEvent, useEffect, useRef, useState } from 'react'
import { entryOf, writtenKey } from '../actions/catalogue'
import { useStore } from '../lib/store'
import { usePresentIn } from '../tree/usePresentIn'
import { IconButton } from '../ui/Button'
import { useWorkspace } from '../workspace/context'
import { close, join, openBeside } from './arrange'
import { dragged, draggedBy } from './dragged'
import { placeAt, startDragging } from './drag'
import { goOnIn } from './goOn'
import { folderHints } from './labels'
import { halfAt, keep, type Layout, type Side } from './layout'
import { TabItem } from './TabItem'
import { TabsMenu } from './TabsMenu'

/** Scrolls the tab that is shown into sight, and turns of the mouse wheel into steps to the side. */
function useScrolling(active: string | null) {
  const list = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (list.current === null) return undefined
    const strip = list.current
    const reveal = () =>
      strip
        .querySelector('[aria-selected=true]')
        ?.parentElement?.scrollIntoView({ inline: 'nearest', block: 'nearest' })
    reveal()
    // A panel that opens beside the text makes the strip narrower.
    const sizes = new ResizeObserver(reveal)
    sizes.observe(strip)
    return () => sizes.disconnect()
  }, [active])
  return list
}

const slots = (list: HTMLElement) => [...list.querySelectorAll<HTMLElement>('.tab-slot')]

/** Where a line at a tab says that something is dropped there. */
function markAt(at: number, count: number, target: number | null): 'before' | 'after' | undefined {
  if (target === at) return 'before'
  return target === count && at === count - 1 ? 'after' : undefined
}

interface TabStripProps {
  side: Side
  /** Where there is no room for two halves. */
  narrow: boolean
  /** Id of what shows the active tab. */
  panel: string
}

/** The open files of a half, above what it shows. */
export default function TabStrip({ side, narrow, panel }: TabStripProps) {
  const { tabs } = useWorkspace()
  const all = useStore(tabs.layout)
  // Where one half is shown, its tabs are those of both; they are one half in truth once something is done with them.
  const seen = (layout: Layout) => (narrow ? join(layout) : layout)
  const at: Side = narrow ? 0 : side
  const { tabs: shown, active } = halfAt(seen(all), at)
  const change = (next: (layout: Layout) => Layout) => tabs.change((now) => next(seen(now)))
  const present = usePresentIn()
  const moving = useStore(dragged)
  const [target, setTarget] = useState<number | null>(null)
  const hints = folderHints(shown.map(({ node }) => node.path))
  const list = useScrolling(active)

  const closeOne = (id: string) => {
    const inTabs = list.current?.contains(document.activeElement) ?? false
    change((now) => close(now, at, id))
    // The keyboard stays among the tabs, or goes on in the text if it was in the one that is gone.
    setTimeout(() => {
      if (inTabs) list.current?.querySelector<HTMLElement>('[aria-selected=true]')?.focus()
      else if (document.activeElement === document.body && !narrow) goOnIn(tabs.layout.get())
    })
  }
  const split = () => {
    if (active !== null) change((now) => openBeside(now, at, active))
    goOnIn(tabs.layout.get())
  }
  const onDragOver = (event: DragEvent<HTMLElement>) => {
    if (draggedBy(event) === null) return
    event.preventDefault()
    event.dataTransfer.dropEffect = 'move'
    const middles = slots(event.currentTarget).map((slot) => {
      const { left, width } = slot.getBoundingClientRect()
      return left + width / 2
    })
    setTarget(placeAt(middles, event.clientX))
  }
  const onDrop = (event: DragEvent) => {
    const moved = draggedBy(event)
    if (moved === null) return
    event.preventDefault()
    const to = target ?? shown.length
    setTarget(null)
    dragged.set(null)
    moved.place(at, to)
  }
  return (
    <Tabs.Root
      className="tab-strip"
      value={active ?? ''}
      activationMode="manual"
      onValueChange={(document) => tabs.choose(side, document)}
    >
      <Tabs.List
        className="tab-list"
        aria-label="Open files"
        ref={list}
        onDragOver={onDragOver}
        onDragLeave={() => setTarget(null)}
        onDrop={onDrop}
      >
        {shown.map((tab, nth) => {
          const { id } = tab.node
          return (
            <div
              role="none"
              key={id}
              className="tab-place"
              data-target={moving === null ? undefined : markAt(nth, shown.length, target)}
            >
              <TabItem
                tab={tab}
                side={at}
                panel={id === active ? panel : null}
                hint={hints[nth] ?? ''}
                present={present.get(id) ?? []}
                movable={!narrow}
                onClose={() => closeOne(id)}
                onKeep={() => change((now) => keep(now, at, id))}
                onEnter={() => (narrow ? undefined : goOnIn(tabs.layout.get()))}
                onDrag={(transfer) => startDragging(tabs, at, id, transfer)}
                onDragEnd={() => dragged.set(null)}
              />
            </div>
          )
        })}
      </Tabs.List>
      {narrow ? null : (
        <IconButton
          label={entryOf('tabs.split').title}
          keys={writtenKey('tabs.split')}
          disabled={active === null}
          onClick={split}
        >
          <SquareSplitHorizontal />
        </IconButton>
      )}
      <TabsMenu
        active={active}
        choices={shown.map(({ node }, nth) => [node.id, [node.name, hints[nth]].filter(Boolean).join(' · ')])}
        onChoose={(document) => tabs.choose(side, document)}
      />
    </Tabs.Root>
  )
}
