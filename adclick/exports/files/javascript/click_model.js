/* The click model in TF.js. In a page it is `ClickModel`, in Node what `require` gives. */
(function (root) {
  "use strict";

  function bytesOf(base64) {
    if (typeof Buffer !== "undefined") {
      const bytes = Buffer.from(base64, "base64");
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    }
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer;
  }

  function network(tf, data) {
    return tf.loadGraphModel(
      tf.io.fromMemory({
        modelTopology: data.topology,
        weightSpecs: data.weightSpecs,
        weightData: bytesOf(data.weights),
        signature: data.signature,
        format: "graph-model",
      })
    );
  }

  class ClickModel {
    /* The model in `data` (model.js), with `tf` (tf.min.js) and the `encoder` (encoder.js). */
    static async load(tf, encoder, data) {
      // the processor computes in 32 bits wherever this runs; a graphics card may not
      await tf.setBackend("cpu");
      await tf.ready();
      const model = new ClickModel();
      model.tf = tf;
      model.encoder = encoder;
      model.head = await network(tf, data.head);
      if (data.tower) {
        model.tower = await network(tf, data.tower);
        model.table = new Float32Array(bytesOf(data.creatives.embeddings));
        model.rows = new Map(data.creatives.ids.map((id, row) => [id, row + 1]));
        model.width = model.table.length / (data.creatives.ids.length + 1);
      }
      return model;
    }

    /* Click probabilities of requests: objects with a value for each of encoder.spec.features.
     *
     * `images` has embeddings (see `embed`) of creatives that are not known, by a request's number.
     * Throws an encoder.RequestError for a request that cannot be scored.
     */
    predict(requests, images = new Map()) {
      if (!requests.length) return [];
      const encoded = this.encoder.encode(requests);
      const { slotColumns, numberColumns } = this.encoder;
      const logits = this.tf.tidy(() => {
        const inputs = {
          categorical: this.tf.tensor2d(encoded.slots, [encoded.count, slotColumns], "int32"),
          numeric: this.tf.tensor2d(encoded.numbers, [encoded.count, numberColumns], "float32"),
        };
        if (this.tower) inputs.creative = this.embeddings(encoded.creatives, images);
        return this.run(this.head, inputs).dataSync();
      });
      return this.encoder.probabilities(logits);
    }

    /* The embedding (Float32Array) of an image: RGB pixels, height x width x 3 numbers to 255. */
    embed(pixels) {
      const { height, width } = this.encoder.spec.image;
      return this.tf.tidy(() => {
        const images = this.tf.tensor4d(Int32Array.from(pixels), [1, height, width, 3], "int32");
        return Float32Array.from(this.run(this.tower, { images }).dataSync());
      });
    }

    embeddings(creatives, images) {
      const rows = new Float32Array(creatives.length * this.width);
      creatives.forEach((creative, number) => {
        // row 0 is for creatives that are not known
        const from = (this.rows.get(creative) || 0) * this.width;
        const known = this.table.subarray(from, from + this.width);
        rows.set(images.get(number) || known, number * this.width);
      });
      return this.tf.tensor2d(rows, [creatives.length, this.width], "float32");
    }

    run(graph, inputs) {
      const named = {};
      for (const { name } of graph.inputs) named[name] = inputs[name.split(":")[0]];
      return graph.execute(named);
    }
  }

  if (typeof module === "object" && module.exports) module.exports = { ClickModel };
  else root.ClickModel = ClickModel;
})(typeof self === "undefined" ? this : self);
