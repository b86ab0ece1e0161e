import { useEffect, useState } from 'react'
import { describe } from '../api/problem'
import type { DocumentInfo } from '../api/types'
import { formatSize } from '../lib/format'
import { extension } from '../lib/paths'
import type { TreeNode } from '../tree/rules'
import { Notice } from '../ui/Notice'
import { useWorkspace } from '../workspace/context'

const images = new Set(['png', 'jpg', 'jpeg', 'gif', 'webp', 'avif', 'bmp', 'ico', 'svg'])

const kinds: Record<string, string> = {
  pdf: 'PDF document',
  zip: 'Zip archive',
  gz: 'Compressed file',
  tar: 'Archive',
  xlsx: 'Spreadsheet',
  docx: 'Text document (Word)',
  pptx: 'Presentation',
  mp3: 'Sound',
  mp4: 'Film',
  woff2: 'Font',
  ttf: 'Font',
}

function whatItIs(node: TreeNode, info: DocumentInfo | null): string {
  return kinds[extension(node.name)] ?? info?.media_type ?? 'Binary file'
}

/** An image as itself; any other file that is not text as what it is. */
export function BinaryView({ node }: { node: TreeNode }) {
  const { api } = useWorkspace()
  const [info, setInfo] = useState<DocumentInfo | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [broken, setBroken] = useState(false)

  useEffect(() => {
    api.document(node.id).then(setInfo, (error: unknown) => setProblem(describe(error).detail))
  }, [api, node.id])

  const url = api.fileUrl(node.path)
  const facts = [whatItIs(node, info), info === null ? null : formatSize(info.size)].filter(Boolean).join(', ')
  const download = (
    <a className="button" href={url} download={node.name}>
      Download
    </a>
  )
  if (images.has(extension(node.name)) && !broken) {
    return (
      <figure className="image">
        <img src={url} alt={node.name} onError={() => setBroken(true)} />
        <figcaption>
          <span>{facts}</span>
          {download}
        </figcaption>
      </figure>
    )
  }
  return (
    <Notice title={node.name} actions={download}>
      <p>{problem ?? facts}</p>
      <p>It is not text, so it cannot be edited here. Everybody in the workspace can download it.</p>
    </Notice>
  )
}
