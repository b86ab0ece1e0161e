import type { WorkspaceApi } from '../../api/workspace'
import { joinPath, parentPath } from '../../lib/paths'
import { createStore, type ReadableStore } from '../../lib/store'
import type { Tree } from '../../tree/rules'
import type { WorkspaceSession } from '../../workspace/session'
import type { ConfigFile } from './editorConfig'

const name = '.editorconfig'

/** Characters of an answer that are kept. */
const most = 100_000

/** The texts of a workspace's `.editorconfig` files, as they last settled. */
export class ConfigFiles {
  private readonly texts = createStore<ReadonlyMap<string, string>>(new Map())
  private readonly asked = new Map<string, string>()

  readonly known: ReadableStore<ReadonlyMap<string, string>> = this.texts

  constructor(
    private readonly api: Pick<WorkspaceApi, 'readText'>,
    tree: ReadableStore<Tree>,
    settled: ReadableStore<string | null>,
  ) {
    settled.subscribe(() => {
      const document = settled.get()
      const node = document === null ? undefined : tree.get().nodes.get(document)
      if (node !== undefined && this.asked.has(node.id)) void this.read(node.id, node.path)
    })
  }

  /** Those of the folders around `path`. What is not known yet is read, and told when it is. */
  around(path: string, tree: Tree, known: ReadonlyMap<string, string>): ConfigFile[] {
    const files: ConfigFile[] = []
    for (let folder = parentPath(path); ; folder = parentPath(folder)) {
      const node = tree.byPath.get(joinPath(folder, name))
      const text = node?.kind === 'text' ? known.get(node.id) : undefined
      if (text !== undefined) files.push({ folder, text })
      if (folder === '') return files
    }
  }

  want(path: string, tree: Tree): void {
    for (let folder = parentPath(path); ; folder = parentPath(folder)) {
      const node = tree.byPath.get(joinPath(folder, name))
      if (node?.kind === 'text' && !this.asked.has(node.id)) void this.read(node.id, node.path)
      if (folder === '') return
    }
  }

  private async read(document: string, path: string): Promise<void> {
    this.asked.set(document, path)
    try {
      const text = await this.api.readText(path)
      this.texts.update((texts) => new Map(texts).set(document, text.slice(0, most)))
    } catch {
      // The text's own indentation does until somebody wants it again.
      this.asked.delete(document)
    }
  }
}

const ofSession = new WeakMap<WorkspaceSession, ConfigFiles>()

export function configFilesOf(session: WorkspaceSession): ConfigFiles {
  const found = ofSession.get(session) ?? new ConfigFiles(session.api, session.tree.tree, session.settled)
  ofSession.set(session, found)
  return found
}
