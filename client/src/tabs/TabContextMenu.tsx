import { ContextMenu } from 'radix-ui'
import { entryOf, keysOf } from '../actions/catalogue'
import { useNarrow } from '../lib/hooks'
import { written } from '../lib/keys'
import { useWorkspace } from '../workspace/context'
import { join } from './arrange'
import { goOnIn } from './goOn'
import type { Layout, Side } from './layout'
import { tabOperations } from './operations'

interface TabContextMenuProps {
  side: Side
  document: string
}

/** Drawn only while the menu is open. */
function Entries({ side, document }: TabContextMenuProps) {
  const { tabs } = useWorkspace()
  const narrow = useNarrow()
  const seen = (now: Layout) => (narrow ? join(now) : now)
  const possible = tabOperations(seen(tabs.layout.get()), side, document, !narrow).filter(
    ({ missing }) => missing === null,
  )
  return possible.map(({ id, change }) => {
    const [key] = keysOf(id)
    const run = () => {
      tabs.change((now) => change(seen(now)))
      goOnIn(tabs.layout.get())
    }
    return (
      <ContextMenu.Item key={id} className="menu-item" onSelect={run}>
        {entryOf(id).title}
        {key === undefined ? null : <kbd>{written(key)}</kbd>}
      </ContextMenu.Item>
    )
  })
}

/** What can be done with a tab: by the right button, by the menu key, or by a long touch. */
export const TabContextMenu = (props: TabContextMenuProps) => (
  <ContextMenu.Portal>
    <ContextMenu.Content className="menu" collisionPadding={8} onCloseAutoFocus={(event) => event.preventDefault()}>
      <Entries {...props} />
    </ContextMenu.Content>
  </ContextMenu.Portal>
)
