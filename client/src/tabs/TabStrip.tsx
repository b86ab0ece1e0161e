import { SquareSplitHorizontal } from 'lucide-react'
import { Tabs } from 'radix-ui'
import { type DragEvent, useEffect, useRef, useState } from 'react'
import { entryOf, writtenKey } from '../actions/catalogue'
import { useStore } from '../lib/store'
import { usePresentIn } from '../tree/usePresentIn'
import { IconButton } from '../ui/Button'
import { useWorkspace } from '../workspace/context'
import { close, move, openBeside } from './arrange'
import { dragged } from './dragged'
import { placeAt, startDragging } from './drag'
import { goOnIn } from './goOn'
import { folderHints } from './labels'
import { halfAt, keep, type Layout, otherSide, type Side, type Tab } from './layout'
import { TabItem } from './TabItem'
import { TabsMenu } from './TabsMenu'

interface SidedTab {
  tab: Tab
  side: Side
}

/** The tabs of a half; where there is room for one half alone, those of the other one as well. */
function tabsIn(layout: Layout, side: Side, all: boolean): SidedTab[] {
  const of = (from: Side) => halfAt(layout, from).tabs.map((tab) => ({ tab, side: from }))
  const own = of(side)
  if (!all) return own
  const others = of(otherSide(side)).filter(({ tab }) => !own.some((one) => one.tab.node.id === tab.node.id))
  return side === 0 ? [...own, ...others] : [...others, ...own]
}

/** Scrolls the tab that is shown into sight, and turns of the mouse wheel into steps to the side. */
function useScrolling(active: string | null) {
  const list = useRef<HTMLDivElement>(null)
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.parentElement?.scrollIntoView({ inline: 'nearest' })
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
  const layout = useStore(tabs.layout)
  const present = usePresentIn()
  const moving = useStore(dragged)
  const [target, setTarget] = useState<number | null>(null)
  const { active } = halfAt(layout, side)
  const shown = tabsIn(layout, side, narrow)
  const hints = folderHints(shown.map(({ tab }) => tab.node.path))
  const list = useScrolling(active)

  const closeOne = ({ tab, side: from }: SidedTab) => {
    const inTabs = list.current?.contains(document.activeElement) ?? false
    tabs.change((now) => close(now, from, tab.node.id))
    // The keyboard stays among the tabs, or goes on in the text if it was in the one that is gone.
    setTimeout(() => {
      if (inTabs) list.current?.querySelector<HTMLElement>('[aria-selected=true]')?.focus()
      else if (document.activeElement === document.body && !narrow) goOnIn(tabs.layout.get())
    })
  }
  const split = () => {
    if (active !== null) tabs.change((now) => openBeside(now, side, active))
    goOnIn(tabs.layout.get())
  }
  const onDragOver = (event: DragEvent<HTMLElement>) => {
    if (moving === null) return
    event.preventDefault()
    event.dataTransfer.dropEffect = 'move'
    const middles = slots(event.currentTarget).map((slot) => {
      const { left, width } = slot.getBoundingClientRect()
      return left + width / 2
    })
    setTarget(placeAt(middles, event.clientX))
  }
  const onDrop = (event: DragEvent) => {
    if (moving === null) return
    event.preventDefault()
    const to = target ?? shown.length
    setTarget(null)
    dragged.set(null)
    tabs.change((now) => move(now, moving.side, moving.document, side, to))
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
        {shown.map((one, at) => (
          <div
            role="none"
            key={one.tab.node.id}
            className="tab-place"
            data-target={moving === null ? undefined : markAt(at, shown.length, target)}
          >
            <TabItem
              {...one}
              panel={one.tab.node.id === active ? panel : null}
              hint={hints[at] ?? ''}
              present={present.get(one.tab.node.id) ?? []}
              movable={!narrow}
              onClose={() => closeOne(one)}
              onKeep={() => tabs.change((now) => keep(now, one.side, one.tab.node.id))}
              onEnter={() => (narrow ? undefined : goOnIn(tabs.layout.get()))}
              onDrag={(transfer) => startDragging(tabs, one.side, one.tab.node.id, transfer)}
              onDragEnd={() => dragged.set(null)}
            />
          </div>
        ))}
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
        choices={shown.map(({ tab }, at) => [tab.node.id, [tab.node.name, hints[at]].filter(Boolean).join(' · ')])}
        onChoose={(document) => tabs.choose(side, document)}
      />
    </Tabs.Root>
  )
}
