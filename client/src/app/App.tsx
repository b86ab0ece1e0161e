import { Tooltip } from 'radix-ui'
import { useStore } from '../lib/store'
import { Toaster } from '../ui/Toaster'
import { Waiting } from '../ui/Waiting'
import { WorkspacePage } from '../workspace/WorkspacePage'
import { account, loadAccount } from './account'
import { Entrance } from './Entrance'
import { Failure } from './Failure'
import { HomePage } from './HomePage'
import { currentPlace } from './location'
import { SignedOutPage } from './SignedOutPage'
import { UnreachablePage } from './UnreachablePage'

/** The page for whoever is here, once that is known. */
function Pages() {
  const who = useStore(account)
  const place = useStore(currentPlace)
  switch (who.is) {
    case 'unknown':
      return <Waiting>Opening…</Waiting>
    case 'nobody':
      return <SignedOutPage why={who.why} />
    case 'unreachable':
      return <UnreachablePage onRetry={() => void loadAccount()} />
    case 'known':
      if (place.at === 'home') return <HomePage me={who.me} />
      return <WorkspacePage key={place.workspace} me={who.me} place={place} />
  }
}

export function App() {
  return (
    <Tooltip.Provider delayDuration={500} skipDelayDuration={200}>
      <Failure>
        <Entrance>
          <Pages />
        </Entrance>
      </Failure>
      <Toaster />
    </Tooltip.Provider>
  )
}
