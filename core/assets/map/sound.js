// What is heard: a preview out of this file, or a file of its own. Knows nothing of places and colours.

const KEPT = 64 // decoded previews; a second and a half takes 290 kB
const HURRY_MS = 40 // before a file of its own is asked for: who sweeps over the map wants none of them

class Player {
  // data: with `sounds`, {how: embed, link, serve or none}. onstart(i, waitedMs), onstop(), onlocked(bool).
  constructor(data, { onstart, onstop, onlocked }) {
    Object.assign(this, { data, onstart, onstop, onlocked, muted: false, volume: 0.8, turn: 0, packs: [], decoded: new Map() })
    this.how = data.sounds.how
  }

  get silent() {
    return this.how === "none"
  }

  has(i) {
    if (this.how === "embed") return Boolean(this.packed(i))
    return this.how === "link" ? Boolean(this.data.sounds.urls[i]) : this.how === "serve"
  }

  // Browsers play nothing before the page was clicked, or a key was pressed in it.
  get unlocked() {
    return navigator.userActivation ? navigator.userActivation.hasBeenActive : Boolean(this.touched)
  }

  unlock() {
    this.touched = true
    this.onlocked(false)
    if (this.how === "embed") this.output()
  }

  output() {
    if (!this.context) {
      this.context = new AudioContext({ latencyHint: "interactive" })
      this.gain = this.context.createGain()
      this.gain.connect(this.context.destination)
      this.gain.gain.value = this.volume ** 2
    }
    if (this.context.state === "suspended") this.context.resume()
    return this.context
  }

  setVolume(volume) {
    this.volume = volume
    if (this.gain) this.gain.gain.value = volume ** 2 // ears hear ratios
    if (this.element) this.element.volume = volume ** 2
  }

  setMuted(muted) {
    this.muted = muted
    if (muted) this.stop()
  }

  // The sound itself as soon as it can be; `since` is when it was asked for, in the time of events.
  async play(i, since, hurried = false) {
    this.stop()
    if (this.muted || this.silent || !this.has(i)) return
    if (!this.unlocked) return this.onlocked(true)
    const turn = this.turn
    if (this.how === "embed") {
      const buffer = await this.decode(i)
      if (turn === this.turn && buffer) this.start(i, buffer, since)
      return
    }
    if (!hurried) await new Promise((done) => setTimeout(done, HURRY_MS))
    if (turn === this.turn) this.stream(i, since)
  }

  start(i, buffer, since) {
    const context = this.output()
    const source = new AudioBufferSourceNode(context, { buffer })
    const fade = context.createGain()
    source.connect(fade).connect(this.gain)
    source.onended = () => this.current === source && this.stop()
    source.start()
    Object.assign(this, { current: source, fade })
    this.onstart(i, performance.now() - since, buffer.duration)
  }

  stream(i, since) {
    if (!this.element) {
      this.element = new Audio()
      this.element.onended = () => this.stop()
    }
    const element = this.element
    element.volume = this.volume ** 2
    element.onplaying = () => this.onstart(i, performance.now() - since, element.duration)
    element.src = this.how === "link" ? this.data.sounds.urls[i] : this.data.sounds.base + this.data.ids[i]
    element.play().catch((error) => error.name === "NotAllowedError" && this.onlocked(true))
  }

  stop() {
    this.turn += 1
    if (this.current) {
      const now = this.context.currentTime
      this.fade.gain.setTargetAtTime(0, now, 0.012)
      this.current.stop(now + 0.08)
      this.current = null
    }
    if (this.element) this.element.pause()
    this.onstop()
  }

  // What may be asked for next is decoded before it is.
  prepare(sounds) {
    if (this.how === "embed" && !this.muted && this.unlocked) sounds.forEach((i) => this.has(i) && this.decode(i))
  }

  decode(i) {
    const kept = this.decoded.get(i)
    if (kept) {
      this.decoded.delete(i) // what was asked for last is kept longest
      this.decoded.set(i, kept)
      return kept
    }
    this.decoder = this.decoder || new OfflineAudioContext(1, 1, 48000)
    const bytes = Uint8Array.from(atob(this.packed(i)), (sign) => sign.charCodeAt(0))
    const decoded = this.decoder.decodeAudioData(bytes.buffer).catch(() => null)
    this.decoded.set(i, decoded)
    if (this.decoded.size > KEPT) this.decoded.delete(this.decoded.keys().next().value)
    return decoded
  }

  // The preview of a sound as base64, from the pack of lines that it is in; empty where there is none.
  packed(i) {
    const size = this.data.sounds.pack
    const pack = Math.floor(i / size)
    if (!this.packs[pack]) {
      const element = document.getElementById(`pack-${pack}`)
      if (!element || (document.readyState === "loading" && !element.nextElementSibling)) return "" // still being read
      this.packs[pack] = element.textContent.split("\n")
    }
    return this.packs[pack][i % size] || ""
  }
}
