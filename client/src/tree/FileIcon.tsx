import { File, FileCode, FileImage, FileText, Folder, FolderOpen } from 'lucide-react'
import { extension } from '../lib/paths'
import type { TreeNode } from './rules'

const prose = new Set(['md', 'markdown', 'txt', 'rst', 'tex', 'adoc', 'org'])
const pictures = new Set(['png', 'jpg', 'jpeg', 'gif', 'webp', 'avif', 'svg', 'ico', 'bmp'])

export function FileIcon({ node, open = false }: { node: Pick<TreeNode, 'kind' | 'name'>; open?: boolean }) {
  if (node.kind === 'folder') return open ? <FolderOpen aria-hidden /> : <Folder aria-hidden />
  const type = extension(node.name)
  if (pictures.has(type)) return <FileImage aria-hidden />
  if (node.kind === 'binary') return <File aria-hidden />
  return prose.has(type) ? <FileText aria-hidden /> : <FileCode aria-hidden />
}
