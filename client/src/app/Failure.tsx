import { Component, type ReactNode } from 'react'
import { Button } from '../ui/Button'
import { Page } from './Page'

/** What is left when a part of the page fails: words and a way on, instead of nothing. */
export class Failure extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null }

  static getDerivedStateFromError(error: Error) {
    return { error }
  }

  override render() {
    const { error } = this.state
    if (error === null) return this.props.children
    return (
      <Page title="The page has failed">
        <p>
          Either a newer version was installed on the server meanwhile, or this is a mistake of ours. Your edits are
          kept; after reloading you go on where you were.
        </p>
        <p>
          <code>{error.message}</code>
        </p>
        <Button look="primary" onClick={() => location.reload()}>
          Reload
        </Button>
      </Page>
    )
  }
}
