import { joinPath } from '../lib/paths'

/** A file or an empty folder that was dropped or chosen, with its place below where it is put. */
export type Collected = { path: string; file: File } | { path: string; file: null }

/** Left behind without asking: what version control, the desktop or a package manager keeps for itself. */
const ignored = new Set(['.git', '.hg', '.svn', 'node_modules', '.venv', '__pycache__', '.DS_Store', 'Thumbs.db'])

export const isIgnored = (path: string) => path.split('/').some((name) => ignored.has(name))

const fileOf = (entry: FileSystemFileEntry) =>
  new Promise<File>((resolve, reject) => {
    entry.file(resolve, reject)
  })

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  // A reader hands out at most a hundred at a time and says with an empty batch that there are no more.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject)
    })
    if (batch.length === 0) return all
    all.push(...batch)
  }
}

async function collect(entry: FileSystemEntry, parent: string): Promise<Collected[]> {
  const path = joinPath(parent, entry.name)
  if (isIgnored(entry.name)) return []
  if (entry.isFile) return [{ path, file: await fileOf(entry as FileSystemFileEntry) }]
  const inside = await entriesOf(entry as FileSystemDirectoryEntry)
  if (inside.length === 0) return [{ path, file: null }]
  const found: Collected[] = []
  for (const child of inside) found.push(...(await collect(child, path)))
  return found
}

/** All that was dropped, folders with their contents. It is taken at once: after the event the browser forgets it. */
export async function collectDropped(transfer: DataTransfer): Promise<Collected[]> {
  const taken = [...transfer.items].map((item) => {
    const entry = item.webkitGetAsEntry()
    if (entry !== null) return collect(entry, '')
    // What is dragged from another page, not from the desktop, is a file without an entry.
    const file = item.getAsFile()
    return Promise.resolve(file === null ? [] : [{ path: file.name, file }])
  })
  return (await Promise.all(taken)).flat()
}

/** All that was chosen in a file dialog, of single files or of a folder. */
export function collectChosen(files: FileList): Collected[] {
  return [...files]
    .map((file) => ({ path: file.webkitRelativePath || file.name, file }))
    .filter(({ path }) => !isIgnored(path))
}
