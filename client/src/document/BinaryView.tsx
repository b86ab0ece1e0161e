import { Suspense, useEffect, useState } from 'react'
import { lazily } from '../ui/lazily'
import { describe } from '../api/problem'
import type { DocumentInfo } from '../api/types'
import { formatSize } from '../lib/format'
import type { TreeNode } from '../tree/rules'
import { Waiting } from '../ui/Waiting'
import { kindOf, type Viewer, viewerOf } from '../viewers/kinds'
import { useWorkspace } from '../workspace/context'

const ImageView = lazily(() => import('../viewers/ImageView'))
const MediaView = lazily(() => import('../viewers/MediaView'))
const PdfView = lazily(() => import('../viewers/PdfView'))
const UnknownView = lazily(() => import('../viewers/UnknownView'))

const broken: Record<Viewer, string | null> = {
  image: 'The browser cannot show it: it may be damaged, or not what it is called.',
  pdf: 'It cannot be shown: it may be damaged, or not what it is called.',
  sound: 'The browser cannot play it: it may be damaged, or of a kind that it does not know.',
  film: 'The browser cannot play it: it may be damaged, or of a kind that it does not know.',
  none: null,
}

/** A file that is not text, as what it is. */
export function BinaryView({ node }: { node: TreeNode }) {
  const { api } = useWorkspace()
  const [info, setInfo] = useState<DocumentInfo | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const viewer = viewerOf(node.name)

  useEffect(() => {
    api.document(node.id).then(setInfo, (error: unknown) => setProblem(describe(error).detail))
  }, [api, node.id])

  const facts = [kindOf(node.name, info?.media_type), info === null ? null : formatSize(info.size)].filter(Boolean)
  const file = { document: node.id, name: node.name, url: api.fileUrl(node.path), facts: facts.join(', ') }
  const shown = problem === null ? viewer : 'none'
  const onBroken = () => setProblem(broken[viewer])
  return (
    <Suspense fallback={<Waiting>Opening…</Waiting>}>
      {shown === 'image' ? (
        <ImageView file={file} onBroken={onBroken} />
      ) : shown === 'pdf' ? (
        <PdfView file={file} onBroken={setProblem} />
      ) : shown === 'none' ? (
        <UnknownView file={file} problem={problem} />
      ) : (
        <MediaView file={file} film={shown === 'film'} onBroken={onBroken} />
      )}
    </Suspense>
  )
}
