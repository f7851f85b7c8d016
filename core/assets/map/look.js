// How sounds look: colours that the colour-blind tell apart (Okabe and Ito 2008), shapes, scales. Draws on no page.

const HUES = ["#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#d55e00", "#0072b2", "#f0e442", "ink"]
const SHAPES = ["circle", "square", "triangle", "diamond", "cross", "drop"]
const NONE = "none" // of no group, of no domain, without a value
// viridis at 16 places (van der Walt and Smith 2015, CC0): even steps of lightness, for every eye
const SCALE = ["#440154", "#481a6c", "#472f7d", "#414487", "#39568c", "#31688e", "#2a788e", "#23888e", "#1f988b", "#22a884", "#35b779", "#54c568", "#7ad151", "#a5db36", "#d2e21b", "#fde725"]

const SHOWN = { // name, unit, whether equal ratios should look equal
  brightness_hz: ["Brightness", "Hz", true],
  loudness_lufs: ["Loudness", "LUFS", false],
  pitch_hz: ["Pitch", "Hz", true],
  duration_s: ["Duration", "s", true],
  tempo_bpm: ["Tempo", "bpm", false],
  noisiness: ["Noisiness", "", false],
}

const named = (key) => SHOWN[key] || [key.replace(/_/g, " "), "", false]

const seconds = (s) => (s < 10 ? `${s.toFixed(1)} s` : s < 60 ? `${Math.round(s)} s` : s < 3600 ? `${Math.floor(s / 60)} min ${Math.round(s % 60)} s` : `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`)

const measured = (value, unit) => `${Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)}${unit ? ` ${unit}` : ""}`

const plural = (n, one) => `${n.toLocaleString("en")} ${one}${n === 1 ? "" : "s"}`

// The path of a shape of about the area of a circle of radius r around (x, y).
function trace(pen, shape, x, y, r) {
  pen.beginPath()
  if (shape === "circle") return pen.arc(x, y, r, 0, 7)
  if (shape === "square") return pen.rect(x - 0.88 * r, y - 0.88 * r, 1.76 * r, 1.76 * r)
  if (shape === "cross") {
    const [a, b] = [1.22 * r, 0.42 * r]
    for (const [dx, dy] of [[-b, -a], [b, -a], [b, -b], [a, -b], [a, b], [b, b], [b, a], [-b, a], [-b, b], [-a, b], [-a, -b], [-b, -b]]) pen.lineTo(x + dx, y + dy)
    return pen.closePath()
  }
  const corners = { triangle: [[0, -1.25], [1.15, 0.8], [-1.15, 0.8]], drop: [[0, 1.25], [1.15, -0.8], [-1.15, -0.8]], diamond: [[0, -1.3], [1.1, 0], [0, 1.3], [-1.1, 0]] }[shape]
  for (const [dx, dy] of corners) pen.lineTo(x + dx * r, y + dy * r)
  pen.closePath()
}

// A mark as the map draws it. style: {hue, shape}; colours: the theme's.
function stamp(pen, style, x, y, r, colours) {
  trace(pen, style.shape, x, y, r)
  if (style.hue === NONE) {
    pen.strokeStyle = colours.soft
    pen.lineWidth = Math.max(0.8, r * 0.28)
    return pen.stroke()
  }
  pen.fillStyle = style.hue === "ink" ? colours.ink : style.hue
  pen.fill()
  pen.lineJoin = "round"
  pen.lineWidth = Math.max(0.5, r * 0.16)
  pen.strokeStyle = colours.edge
  pen.stroke()
}

// A way to colour the sounds: {styles, of (a style for each sound), entries (the legend) or range}.
function byCluster(data) {
  const sizes = new Map()
  data.clusters.forEach((cluster) => cluster && sizes.set(cluster, (sizes.get(cluster) || 0) + 1))
  const looks = apart([...sizes.keys()], sizes, middles(data))
  const numbers = [...sizes.keys()].sort((a, b) => a - b)
  const entries = numbers.map((number) => ({ title: data.titles[number] || `Group ${number}`, size: sizes.get(number), number }))
  const rest = data.clusters.filter((cluster) => !cluster).length
  if (rest) entries.push({ title: "in no group", size: rest, number: 0 })
  const styles = entries.map((entry) => (entry.number ? looks.get(entry.number) : { hue: NONE, shape: "circle" }))
  const at = new Map(entries.map((entry, place) => [entry.number, place]))
  return { kind: "cluster", styles, of: data.clusters.map((cluster) => at.get(cluster)), entries }
}

function byDomain(data) {
  const order = ["speech", "music", "animal", "singing", "machine", "nature", "effect", "silence"]
  const sizes = new Map()
  data.domains.forEach((domain) => sizes.set(domain, (sizes.get(domain) || 0) + 1))
  const found = [...sizes.keys()].sort((a, b) => !a - !b || order.indexOf(a) - order.indexOf(b))
  const entries = found.map((domain) => ({ title: domain || "not sure", size: sizes.get(domain) }))
  const styles = found.map((domain, place) => ({ hue: domain ? HUES[(order.includes(domain) ? order.indexOf(domain) : place) % HUES.length] : NONE, shape: "circle" }))
  const at = new Map(found.map((domain, place) => [domain, place]))
  return { kind: "domain", styles, of: data.domains.map((domain) => at.get(domain)), entries }
}

function byDescriptor(data, key) {
  const [title, unit, ratios] = named(key)
  const values = data.descriptors[key]
  const scaled = values.map((value) => (value === null || (ratios && value <= 0) ? null : ratios ? Math.log(value) : value))
  const known = scaled.filter((value) => value !== null).sort((a, b) => a - b)
  const at = (share) => known[Math.min(known.length - 1, Math.floor(share * known.length))] ?? 0
  const [low, high] = [at(0.02), at(0.98)] // a few extremes would leave one colour for the rest
  const styles = [...SCALE.map((hue) => ({ hue, shape: "circle" })), { hue: NONE, shape: "circle" }]
  const place = (value) => (value === null ? SCALE.length : Math.max(0, Math.min(SCALE.length - 1, Math.floor(((value - low) / (high - low || 1)) * SCALE.length))))
  const told = [low, (low + high) / 2, high].map((value) => measured(ratios ? Math.exp(value) : value, unit))
  return { kind: "descriptor", title, styles, of: scaled.map(place), told, without: values.length - known.length }
}

// Where each cluster is densest: from the medians, a few steps of mean shift among its own.
function middles(data) {
  const members = new Map()
  data.clusters.forEach((cluster, i) => cluster && (members.get(cluster) || members.set(cluster, []).get(cluster)).push(i))
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]
  const found = new Map()
  members.forEach((inside, cluster) => {
    let [x, y] = [median(inside.map((i) => data.x[i])), median(inside.map((i) => data.y[i]))]
    for (const reach of [0.2, 0.1, 0.07, 0.07]) {
      const near = inside.filter((i) => Math.hypot(data.x[i] - x, data.y[i] - y) < reach)
      if (!near.length) continue
      x = near.reduce((sum, i) => sum + data.x[i], 0) / near.length
      y = near.reduce((sum, i) => sum + data.y[i], 0) / near.length
    }
    found.set(cluster, { x, y, size: inside.length })
  })
  return found
}

// A look for each cluster: one of eight hues, a new shape each time that a hue comes again, and the hue whose other
// clusters lie farthest away. The largest choose first.
function apart(numbers, sizes, centres) {
  const looks = new Map()
  const holders = HUES.map(() => [])
  const by = [...numbers].sort((a, b) => sizes.get(b) - sizes.get(a) || a - b)
  for (const number of by) {
    const here = centres.get(number)
    const fewest = Math.min(...holders.map((held) => held.length))
    const open = HUES.map((_, hue) => hue).filter((hue) => holders[hue].length === fewest)
    const room = (hue) => Math.min(9, ...holders[hue].map((other) => Math.hypot(centres.get(other).x - here.x, centres.get(other).y - here.y)))
    const best = open.reduce((a, b) => (room(b) > room(a) ? b : a))
    looks.set(number, { hue: HUES[best], shape: SHAPES[holders[best].length % SHAPES.length] })
    holders[best].push(number)
  }
  return looks
}
