import { describe } from '../api/problem'
import type { WorkspaceApi } from '../api/workspace'
import { createStore, type ReadableStore } from '../lib/store'
import { plural } from '../lib/format'
import { tell, tellProblem } from '../ui/toasts'
import type { Collected } from './collect'
import { describeImport } from './imported'

/** Requests at once: enough to hide the round trips, few enough that people's typing comes through. */
const lanes = 4

export interface UploadProgress {
  /** The archive that is brought in, if it is one. */
  archive: string | null
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
    return this.queue(() => this.bringAll(files))
  }

  /** Unpacks zip archives into the folder at this path ("" is the workspace itself); what is there already is edited. */
  async unpack(archives: readonly File[], folder: string): Promise<void> {
    await Promise.all(archives.map((archive) => this.queue(() => this.unpackOne(archive, folder))))
  }

  stop(): void {
    this.stopping.abort()
  }

  private queue(batch: () => Promise<void>): Promise<void> {
    this.last = this.last.then(batch)
    return this.last
  }

  private async unpackOne(archive: File, folder: string): Promise<void> {
    this.stopping = new AbortController()
    const { signal } = this.stopping
    this.store.set({ archive: archive.name, total: 1, done: 0, size: archive.size, sent: 0 })
    const count = (sent: number) => this.store.update((progress) => progress && { ...progress, sent })
    try {
      const counts = await this.api.unpack(archive, folder, count, signal)
      tell(`“${archive.name}” is unpacked`, describeImport(counts))
    } catch (error) {
      if (signal.aborted) tell('The upload was stopped')
      else tellProblem(`“${archive.name}” was not unpacked`, error)
    } finally {
      this.store.set(null)
    }
  }

  private async bringAll(files: readonly Collected[]): Promise<void> {
    const [only] = files
    if (only === undefined) return
    this.stopping = new AbortController()
    const failures: Failure[] = []
    const size = files.reduce((sum, { file }) => sum + (file?.size ?? 0), 0)
    this.store.set({ archive: null, total: files.length, done: 0, size, sent: 0 })
    const waiting = [...files]
    const lane = async () => {
      for (let next = waiting.shift(); next !== undefined && !this.stopping.signal.aborted; next = waiting.shift()) {
        await this.bring(next, failures)
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    const done = this.store.get()?.done ?? 0
    this.store.set(null)
    this.report(done, failures, files.length === 1 ? `“${only.path}”` : plural(done, 'file'))
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
      else await this.api.uploadFile(path, file, count, this.stopping.signal)
      count(file?.size ?? 0)
      this.store.update((progress) => progress && { ...progress, done: progress.done + 1 })
    } catch (error) {
      if (this.stopping.signal.aborted) return
      const { title, detail } = describe(error)
      failures.push({ path, why: detail || title })
    }
  }

  private report(done: number, failures: readonly Failure[], what: string): void {
    const [first] = failures
    if (first !== undefined) {
      const missing =
        failures.length === 1 ? `“${first.path}” was not uploaded` : `${failures.length} files were not uploaded`
      tellProblem(missing, new Error(failures.length === 1 ? first.why : `“${first.path}”: ${first.why}`))
    } else if (this.stopping.signal.aborted) tell('The upload was stopped', `${plural(done, 'file')} had arrived.`)
    else tell(`${what} ${done === 1 ? 'is' : 'are'} uploaded`)
  }
}
