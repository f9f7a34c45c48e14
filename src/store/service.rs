//! The S3 operations of the store. s3s has checked signature, expiry and clock before any of these runs; `access` decides what needs no signature.

use super::answers::{check_conditions, common_prefixes, entry, length, timestamp};
use super::disk::blocking;
use super::folder::{Bucket, Folder};
use super::incoming::hex;
use super::listing;
use super::multipart::{JoinError, Upload};
use super::object::Attributes;
use super::receiving::{check_md5, receive};
use async_trait::async_trait;
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use std::io::{self, Read, Seek};
use std::sync::Arc;
use tokio_util::io::ReaderStream;

/// The operations on a folder.
pub(super) struct Service {
    pub(super) folder: Arc<Folder>,
    /// Bytes of the largest object.
    pub(super) largest: u64,
}

impl Service {
    fn bucket(&self, name: &str) -> S3Result<Arc<Bucket>> {
        self.folder.bucket(name).ok_or_else(|| s3_error!(NoSuchBucket))
    }

    async fn upload(&self, bucket: &str, id: &str, key: &str) -> S3Result<Upload> {
        let bucket = self.bucket(bucket)?;
        let (id, key) = (id.to_owned(), key.to_owned());
        blocking(move || Upload::find(&bucket, &id, &key)).await?.ok_or_else(|| s3_error!(NoSuchUpload))
    }
}

#[async_trait]
impl S3 for Service {
    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let buckets = self.folder.bucket_names();
        let buckets = buckets.into_iter().map(|name| s3s::dto::Bucket { name: Some(name), ..Default::default() });
        Ok(S3Response::new(ListBucketsOutput { buckets: Some(buckets.collect()), ..Default::default() }))
    }

    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        let (folder, name) = (self.folder.clone(), req.input.bucket);
        if folder.bucket(&name).is_some() {
            return Err(s3_error!(BucketAlreadyOwnedByYou));
        }
        blocking(move || folder.create_bucket(&name).map_err(io::Error::other)).await?;
        Ok(S3Response::new(CreateBucketOutput::default()))
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.bucket(&req.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.bucket(&req.input.bucket)?;
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = req.input;
        let bucket = self.bucket(&input.bucket)?;
        if input.if_none_match.as_ref().is_some_and(ETagCondition::is_any) {
            let (bucket, key) = (bucket.clone(), input.key.clone());
            if blocking(move || bucket.object(&key)).await?.is_some() {
                return Err(s3_error!(PreconditionFailed));
            }
        }
        let place = bucket.clone();
        let stored = receive(input.body, input.content_length, self.largest, move || place.incoming()).await?;
        check_md5(&stored, input.content_md5.as_deref())?;
        let attributes = Attributes {
            content_type: input.content_type,
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            content_encoding: input.content_encoding,
            metadata: input.metadata,
        };
        let etag = hex(&stored.md5);
        let object = blocking(move || bucket.publish(input.key, attributes, stored, etag)).await?;
        let output = PutObjectOutput { e_tag: Some(ETag::Strong(object.etag.clone())), ..Default::default() };
        Ok(S3Response::new(output))
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let signed = req.credentials.is_some();
        let input = req.input;
        let bucket = self.bucket(&input.bucket)?;
        let opened = blocking(move || bucket.open_object(&input.key)).await?;
        let Some((object, mut file)) = opened else { return Err(s3_error!(NoSuchKey)) };
        check_conditions(
            &object,
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
            input.if_modified_since.as_ref(),
        )?;
        let (bytes, content_range) = match &input.range {
            None => (0..object.size, None),
            Some(range) => {
                let bytes = range.check(object.size)?;
                let text = format!("bytes {}-{}/{}", bytes.start, bytes.end - 1, object.size);
                (bytes, Some(text))
            }
        };
        let count = bytes.end - bytes.start;
        let file = blocking(move || file.seek(io::SeekFrom::Start(bytes.start)).map(|_| file)).await?;
        let body = tokio::io::AsyncReadExt::take(tokio::fs::File::from_std(file), count);
        let attributes = object.attributes.clone();
        // What a signed address says about the answer comes from us; from anybody else it could turn a picture into a page.
        let chosen = |asked: Option<String>, stored: Option<String>| if signed { asked.or(stored) } else { stored };
        let output = GetObjectOutput {
            body: Some(StreamingBlob::wrap(ReaderStream::with_capacity(body, 64 * 1024))),
            content_length: length(count),
            content_range,
            accept_ranges: Some("bytes".to_owned()),
            last_modified: Some(timestamp(&object)),
            e_tag: Some(ETag::Strong(object.etag.clone())),
            content_type: chosen(input.response_content_type, attributes.content_type),
            content_disposition: chosen(input.response_content_disposition, attributes.content_disposition),
            content_encoding: attributes.content_encoding,
            cache_control: chosen(input.response_cache_control, attributes.cache_control),
            metadata: attributes.metadata,
            ..Default::default()
        };
        Ok(S3Response::new(output))
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = req.input;
        let bucket = self.bucket(&input.bucket)?;
        let object = blocking(move || bucket.object(&input.key)).await?.ok_or_else(|| s3_error!(NoSuchKey))?;
        check_conditions(
            &object,
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
            input.if_modified_since.as_ref(),
        )?;
        let attributes = object.attributes.clone();
        let output = HeadObjectOutput {
            content_length: length(object.size),
            accept_ranges: Some("bytes".to_owned()),
            last_modified: Some(timestamp(&object)),
            e_tag: Some(ETag::Strong(object.etag.clone())),
            content_type: attributes.content_type,
            content_disposition: attributes.content_disposition,
            content_encoding: attributes.content_encoding,
            cache_control: attributes.cache_control,
            metadata: attributes.metadata,
            ..Default::default()
        };
        Ok(S3Response::new(output))
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = req.input;
        let CopySource::Bucket { bucket: source, key: source_key, .. } = &input.copy_source else {
            return Err(s3_error!(NotImplemented));
        };
        let source = self.bucket(source)?;
        let target = self.bucket(&input.bucket)?;
        let source_key = source_key.to_string();
        let replaces = input.metadata_directive.as_ref().is_some_and(|directive| directive.as_str() == "REPLACE");
        let copied = blocking(move || {
            let Some((object, mut file)) = source.open_object(&source_key)? else { return Ok(None) };
            let mut incoming = target.incoming()?;
            let mut buffer = vec![0; 256 * 1024];
            loop {
                let read = file.read(&mut buffer)?;
                if read == 0 {
                    break;
                }
                incoming.write(&buffer[..read])?;
            }
            let attributes = if replaces {
                Attributes {
                    content_type: input.content_type,
                    cache_control: input.cache_control,
                    content_disposition: input.content_disposition,
                    content_encoding: input.content_encoding,
                    metadata: input.metadata,
                }
            } else {
                object.attributes.clone()
            };
            let stored = incoming.finish()?;
            let etag = hex(&stored.md5);
            target.publish(input.key, attributes, stored, etag).map(Some)
        })
        .await?;
        let copied = copied.ok_or_else(|| s3_error!(NoSuchKey))?;
        let result = CopyObjectResult {
            e_tag: Some(ETag::Strong(copied.etag.clone())),
            last_modified: Some(timestamp(&copied)),
            ..Default::default()
        };
        Ok(S3Response::new(CopyObjectOutput { copy_object_result: Some(result), ..Default::default() }))
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let bucket = self.bucket(&req.input.bucket)?;
        blocking(move || bucket.delete(&req.input.key)).await?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let bucket = self.bucket(&req.input.bucket)?;
        let keys: Vec<String> = req.input.delete.objects.into_iter().map(|object| object.key).collect();
        let deleted = blocking(move || {
            for key in &keys {
                bucket.delete(key)?;
            }
            Ok(keys)
        })
        .await?;
        let deleted = deleted.into_iter().map(|key| DeletedObject { key: Some(key), ..Default::default() }).collect();
        Ok(S3Response::new(DeleteObjectsOutput { deleted: Some(deleted), ..Default::default() }))
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = req.input;
        let bucket = self.bucket(&input.bucket)?;
        let limit = usize::try_from(input.max_keys.unwrap_or(1000)).unwrap_or(0).min(1000);
        let after = input.continuation_token.as_deref().or(input.start_after.as_deref()).unwrap_or_default();
        let page = page(bucket, &input.prefix, &input.delimiter, after, limit).await?;
        let output = ListObjectsV2Output {
            key_count: i32::try_from(page.objects.len() + page.prefixes.len()).ok(),
            max_keys: i32::try_from(limit).ok(),
            is_truncated: Some(page.next_after.is_some()),
            next_continuation_token: page.next_after,
            contents: Some(page.objects.iter().map(entry).collect()),
            common_prefixes: Some(common_prefixes(page.prefixes)),
            continuation_token: input.continuation_token,
            delimiter: input.delimiter,
            name: Some(input.bucket),
            prefix: input.prefix,
            start_after: input.start_after,
            ..Default::default()
        };
        Ok(S3Response::new(output))
    }

    async fn list_objects(&self, req: S3Request<ListObjectsInput>) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = req.input;
        let bucket = self.bucket(&input.bucket)?;
        let limit = usize::try_from(input.max_keys.unwrap_or(1000)).unwrap_or(0).min(1000);
        let page =
            page(bucket, &input.prefix, &input.delimiter, input.marker.as_deref().unwrap_or_default(), limit).await?;
        let output = ListObjectsOutput {
            max_keys: i32::try_from(limit).ok(),
            is_truncated: Some(page.next_after.is_some()),
            next_marker: page.next_after,
            contents: Some(page.objects.iter().map(entry).collect()),
            common_prefixes: Some(common_prefixes(page.prefixes)),
            delimiter: input.delimiter,
            marker: input.marker,
            name: Some(input.bucket),
            prefix: input.prefix,
            ..Default::default()
        };
        Ok(S3Response::new(output))
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = req.input;
        let bucket = self.bucket(&input.bucket)?;
        let attributes = Attributes {
            content_type: input.content_type,
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            content_encoding: input.content_encoding,
            metadata: input.metadata,
        };
        let key = input.key.clone();
        let id = blocking(move || Upload::begin(&bucket, key, attributes)).await?;
        let output = CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id.to_string()),
            ..Default::default()
        };
        Ok(S3Response::new(output))
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        let input = req.input;
        if !(1..=10_000).contains(&input.part_number) {
            return Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive"));
        }
        let upload = Arc::new(self.upload(&input.bucket, &input.upload_id, &input.key).await?);
        let place = upload.clone();
        let stored = receive(input.body, input.content_length, self.largest, move || place.incoming()).await?;
        check_md5(&stored, input.content_md5.as_deref())?;
        let etag = blocking(move || upload.keep_part(input.part_number, stored)).await?;
        Ok(S3Response::new(UploadPartOutput { e_tag: Some(ETag::Strong(etag)), ..Default::default() }))
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        let input = req.input;
        let upload = self.upload(&input.bucket, &input.upload_id, &input.key).await?;
        let parts = blocking(move || upload.parts()).await?;
        let parts = parts.into_iter().map(|part| Part {
            part_number: Some(part.number),
            size: length(part.size),
            e_tag: Some(ETag::Strong(part.etag)),
            ..Default::default()
        });
        let output = ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            parts: Some(parts.collect()),
            ..Default::default()
        };
        Ok(S3Response::new(output))
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = req.input;
        let bucket = self.bucket(&input.bucket)?;
        let upload = self.upload(&input.bucket, &input.upload_id, &input.key).await?;
        let mut wanted = Vec::new();
        for part in input.multipart_upload.and_then(|list| list.parts).unwrap_or_default() {
            let number = part.part_number.ok_or_else(|| s3_error!(InvalidPart))?;
            wanted.push((number, part.e_tag.map(ETag::into_value)));
        }
        let (key, largest) = (input.key.clone(), self.largest);
        let joined = blocking(move || match upload.join(&bucket, &wanted, largest) {
            Ok((stored, etag)) => {
                let object = bucket.publish(key, upload.attributes(), stored, etag)?;
                upload.remove()?;
                Ok(Ok(object))
            }
            Err(JoinError::Io(error)) => Err(error),
            Err(other) => Ok(Err(other)),
        })
        .await?;
        let object = joined.map_err(|error| match error {
            JoinError::Order => s3_error!(InvalidPartOrder),
            JoinError::TooSmall => s3_error!(EntityTooSmall),
            JoinError::TooLarge => s3_error!(EntityTooLarge),
            JoinError::InvalidPart | JoinError::Io(_) => s3_error!(InvalidPart),
        })?;
        let output = CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(ETag::Strong(object.etag.clone())),
            ..Default::default()
        };
        Ok(S3Response::new(output))
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let upload = self.upload(&req.input.bucket, &req.input.upload_id, &req.input.key).await?;
        blocking(move || upload.remove()).await?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}

async fn page(
    bucket: Arc<Bucket>,
    prefix: &Option<String>,
    delimiter: &Option<String>,
    after: &str,
    limit: usize,
) -> S3Result<listing::Page> {
    let (prefix, delimiter, after) = (prefix.clone().unwrap_or_default(), delimiter.clone(), after.to_owned());
    blocking(move || listing::page(&bucket, &prefix, delimiter.as_deref(), &after, limit)).await
}
