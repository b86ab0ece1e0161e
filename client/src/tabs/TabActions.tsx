import type { Offers } from '../actions/registry'
import { useActions } from '../actions/useActions'
import { useNarrow } from '../lib/hooks'
import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'
import { goOnIn } from './goOn'
import { allOperations } from './operations'

/** The tabs by keys and from the palette; there is nothing to see. */
export default function TabActions() {
  const { tabs, tree } = useWorkspace()
  const layout = useStore(tabs.layout)
  const legal = useStore(tree.tree)
  const narrow = useNarrow()
  const offers: Offers = {}
  for (const { id, change, missing, visit } of allOperations(layout, legal, !narrow)) {
    offers[id] = {
      available: () => missing ?? true,
      run() {
        tabs.change(change, visit)
        goOnIn(tabs.layout.get())
      },
    }
  }
  useActions(offers)
  return null
}
