import type { Offers } from '../actions/registry'
import { useActions } from '../actions/useActions'
import { useNarrow } from '../lib/hooks'
import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'
import { join } from './arrange'
import { goOnIn } from './goOn'
import type { Layout } from './layout'
import { allOperations } from './operations'

/** The tabs by keys and from the palette; there is nothing to see. */
export default function TabActions() {
  const { tabs, tree } = useWorkspace()
  const layout = useStore(tabs.layout)
  const legal = useStore(tree.tree)
  const narrow = useNarrow()
  const offers: Offers = {}
  const seen = (now: Layout) => (narrow ? join(now) : now)
  for (const { id, change, missing, visit } of allOperations(seen(layout), legal, !narrow)) {
    offers[id] = {
      available: () => missing ?? true,
      run() {
        tabs.change((now) => change(seen(now)), visit)
        goOnIn(tabs.layout.get())
      },
    }
  }
  useActions(offers)
  return null
}
