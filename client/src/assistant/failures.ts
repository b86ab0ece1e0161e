import type { Job, ListedJob } from '../api/types'
import type { WorkspaceApi } from '../api/workspace'
import type { EventSocket } from '../events/socket'
import { createStore, type ReadableStore } from '../lib/store'
import { attempt } from '../ui/toasts'

/** The list as it is once `job` is no failure any more; the same list where it was none. */
export function without(list: readonly ListedJob[], job: string): readonly ListedJob[] {
  return list.some(({ id }) => id === job) ? list.filter(({ id }) => id !== job) : list
}

/** What the assistant was asked here and could not do, newest first: kept until somebody has it tried again. */
export class FailureStore {
  private readonly listStore = createStore<readonly ListedJob[]>([])

  readonly list: ReadableStore<readonly ListedJob[]> = this.listStore

  constructor(
    private readonly api: WorkspaceApi,
    events: EventSocket,
  ) {
    events.on('job.changed', (job) => this.changed(job))
  }

  async load(): Promise<void> {
    this.listStore.set(await this.api.failedJobs())
  }

  private changed({ id, state }: Job): void {
    // A failure that somebody has dismissed comes as a failure, too: the list says which it is.
    if (state === 'failed') void attempt('The failed requests could not be read', () => this.load())
    else this.listStore.update((list) => without(list, id))
  }
}
