# A worker that trains and generates on an NVIDIA GPU: the image of the CPU worker, and CUDA's libraries. From the repository's folder:
#   docker build --file infra/deploy/cpu.Dockerfile --tag reft:0.2.0 .
#   docker build --file infra/deploy/gpu.Dockerfile --tag reft-gpu:0.2.0 .
#   docker run --gpus all --env REFT_DEVICE=cuda:0 --env TEMPORAL_ADDRESS=… --env S3_ENDPOINT=… reft-gpu:0.2.0
# The host needs Linux on x64, NVIDIA's driver (580 or later) and its container toolkit; CUDA's libraries are in the image.
ARG WORKER=reft:0.2.0

# hadolint ignore=DL3006
FROM ${WORKER} AS libraries
# hadolint ignore=DL3002
USER 0:0
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends python3 python3-pip \
  && rm -rf /var/lib/apt/lists/*
# Pinned by hash (infra/gpu). Fetched when the image is built: the driver is the host's, and not there yet. One folder, since onnxruntime looks
# for its provider beside its core library.
RUN REFT_STATE_DIR=/fetched node workers/bin/reft.js gpu \
  && mkdir /cuda \
  && mv /fetched/gpu/*/*.so* /cuda/

# hadolint ignore=DL3006
FROM ${WORKER}
COPY --from=libraries /cuda /opt/cuda
ENV REFT_CUDA_LIBRARIES=/opt/cuda LD_LIBRARY_PATH=/opt/cuda
# What the container toolkit gives the container: the device, the driver's libraries and nvidia-smi.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility REFT_DEVICE=cuda
CMD ["worker", "--queue", "engine"]
