# Two stages: one with the build tools makes the wheel, the other holds what runs. All packages come from the locks.

FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.13-slim-bookworm
COPY requirements-runtime.lock /tmp/
RUN pip install --no-cache-dir --require-hashes -r /tmp/requirements-runtime.lock && rm /tmp/requirements-runtime.lock
COPY --from=build /wheels /tmp/wheels
RUN pip install --no-cache-dir --no-deps --no-index /tmp/wheels/*.whl && rm -r /tmp/wheels
RUN useradd --system --create-home --home-dir /var/lib/longshore longshore
USER longshore
WORKDIR /var/lib/longshore
ENV PYTHONUNBUFFERED=1
ENTRYPOINT ["longshore"]
CMD ["--help"]
