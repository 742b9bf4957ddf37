// Reads bar codes with the camera of a phone: the browser's own reader, or the one that comes along.
// What is read is handed to `take`, the same code again only after a while.

const FORMATS = ["data_matrix", "qr_code", "code_128", "code_39", "ean_13", "ean_8", "itf", "aztec", "upc_a"];
const PAUSE = 250;
const SAME = 3000;

export function watchCodes(root, take) {
  if (!navigator.mediaDevices?.getUserMedia) return;
  root.hidden = false;
  const [start, stop] = [root.querySelector("[data-camera-start]"), root.querySelector("[data-camera-stop]")];
  const video = root.querySelector("video");
  const said = root.querySelector("[data-camera-said]");
  let running = null;

  start.addEventListener("click", async () => {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.srcObject = stream;
      await video.play();
      show(true);
      running = { stream, last: "", at: 0 };
      await watch(await readerOf(root.dataset.reader), running);
    } catch (error) {
      end();
      said.textContent = root.dataset.refused;
      console.info(error);
    }
  });
  stop.addEventListener("click", end);
  addEventListener("pagehide", end);

  function show(on) {
    video.hidden = stop.hidden = !on;
    start.hidden = on;
    said.textContent = "";
  }

  function end() {
    running?.stream.getTracks().forEach((track) => track.stop());
    running = null;
    show(false);
  }

  async function watch(read, run) {
    while (running === run) {
      const text = await read(video);
      const fresh = text && (text !== run.last || Date.now() - run.at > SAME);
      if (fresh && running === run) {
        [run.last, run.at] = [text, Date.now()];
        navigator.vibrate?.(80);
        said.textContent = text.replaceAll("\u001d", "␝");
        await take(text);
      }
      await new Promise((done) => setTimeout(done, PAUSE));
    }
  }
}

async function readerOf(address) {
  if ("BarcodeDetector" in globalThis) {
    const known = await BarcodeDetector.getSupportedFormats();
    const formats = FORMATS.filter((one) => known.includes(one));
    if (formats.includes("data_matrix")) {
      const detector = new BarcodeDetector({ formats });
      return async (video) => (await detector.detect(video))[0]?.rawValue ?? "";
    }
  }
  await import(address);
  const { ZXing } = globalThis;
  const hints = new Map([
    [ZXing.DecodeHintType.POSSIBLE_FORMATS, ["DATA_MATRIX", "QR_CODE", "CODE_128", "CODE_39", "EAN_13", "EAN_8", "ITF", "AZTEC"].map((one) => ZXing.BarcodeFormat[one])],
    [ZXing.DecodeHintType.ASSUME_GS1, true],
    [ZXing.DecodeHintType.TRY_HARDER, true],
  ]);
  const reader = new ZXing.MultiFormatReader();
  const canvas = document.createElement("canvas");
  return async (video) => {
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    if (!canvas.width) return "";
    canvas.getContext("2d", { willReadFrequently: true }).drawImage(video, 0, 0);
    const source = new ZXing.HTMLCanvasElementLuminanceSource(canvas);
    try {
      return reader.decode(new ZXing.BinaryBitmap(new ZXing.HybridBinarizer(source)), hints).getText();
    } catch {
      return ""; // there is no code in this picture
    }
  };
}
