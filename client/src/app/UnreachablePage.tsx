import { Button } from '../ui/Button'
import { Page } from './Page'

export function UnreachablePage({ onRetry }: { onRetry: () => void }) {
  return (
    <Page title="The server cannot be reached">
      <p>
        Either it is not running, or the network between is down. Edits that you made before are kept in this browser
        and will be sent when the connection is back.
      </p>
      <Button look="primary" onClick={onRetry}>
        Try again
      </Button>
    </Page>
  )
}
