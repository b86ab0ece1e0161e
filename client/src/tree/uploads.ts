import { upload } from '../api/http'
import { describe } from '../api/problem'
import type { WorkspaceApi } from '../api/workspace'
import { createStore, type ReadableStore } from '../lib/store'
import { plural } from '../lib/format'
import { tell, tellProblem } from '../ui/toasts'
import type { Collected } from './collect'

/** Requests at once: enough to hide the round trips, few enough that people's typing comes through. */
const lanes = 4

export interface UploadProgress {
  /** Files and empty folders. */
  total: number
  done: number
  /** Bytes. */
  size: number
  sent: number
}

interface Failure {
  path: string
  why: string
}

/** Brings files of the desktop into the workspace, one batch after the other. */
export class Uploads {
  private readonly store = createStore<UploadProgress | null>(null)
  private stopping = new AbortController()
  private last: Promise<void> = Promise.resolve()

  /** Null while nothing is under way. */
  readonly progress: ReadableStore<UploadProgress | null> = this.store

  constructor(private readonly api: WorkspaceApi) {}

  /** `files` with their full paths in the workspace; whatever is there already is replaced. */
  add(files: readonly Collected[]): Promise<void> {
    this.last = this.last.then(() => this.run(files))
    return this.last
  }

  stop(): void {
    this.stopping.abort()
  }

  private async run(files: readonly Collected[]): Promise<void> {
    if (files.length === 0) return
    this.stopping = new AbortController()
    const failures: Failure[] = []
    const size = files.reduce((sum, { file }) => sum + (file?.size ?? 0), 0)
    this.store.set({ total: files.length, done: 0, size, sent: 0 })
    const waiting = [...files]
    const lane = async () => {
      for (let next = waiting.shift(); next !== undefined && !this.stopping.signal.aborted; next = waiting.shift()) {
        await this.bring(next, failures)
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    const done = this.store.get()?.done ?? 0
    this.store.set(null)
    this.report(done, failures)
  }

  private async bring({ path, file }: Collected, failures: Failure[]): Promise<void> {
    let counted = 0
    const count = (sent: number) => {
      const more = sent - counted
      counted = sent
      this.store.update((progress) => progress && { ...progress, sent: progress.sent + more })
    }
    try {
      if (file === null) await this.api.makeFolder(path)
      else await upload(this.api.fileUrl(path), file, count, this.stopping.signal)
      count(file?.size ?? 0)
      this.store.update((progress) => progress && { ...progress, done: progress.done + 1 })
    } catch (error) {
      if (this.stopping.signal.aborted) return
      const { title, detail } = describe(error)
      failures.push({ path, why: detail || title })
    }
  }

  private report(done: number, failures: readonly Failure[]): void {
    const [first] = failures
    if (first !== undefined) {
      const what =
        failures.length === 1 ? `“${first.path}” was not uploaded` : `${failures.length} files were not uploaded`
      tellProblem(what, new Error(failures.length === 1 ? first.why : `“${first.path}”: ${first.why}`))
    } else if (this.stopping.signal.aborted) tell('The upload was stopped', `${plural(done, 'file')} had arrived.`)
    else if (done > 1) tell(`${plural(done, 'file')} uploaded`)
  }
}
