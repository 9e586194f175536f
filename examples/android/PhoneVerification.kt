// Reads the code out of the SMS by the SMS Retriever, which needs no permission: the SMS ends with the hash of the app.
//
// 1. Take the hash of each build that you sign (11 characters): AppHash.of(context) below prints it; builds that Google
//    Play signs have another one than yours, so print it in an installed build of the Play Store too.
// 2. Put the hashes into the service's configuration: application.app_hashes = ["FA+9qCX9VSu"].
// 3. Let your server pass the hash on when it starts a verification: {"phone": ..., "account": ..., "app_hash": "FA+9qCX9VSu"}.
//
// Gradle: implementation("com.google.android.gms:play-services-auth-api-phone:18.2.0")
package com.example.verify

import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.content.pm.PackageManager
import android.os.Build
import android.util.Base64
import androidx.core.content.ContextCompat
import com.google.android.gms.auth.api.phone.SmsRetriever
import com.google.android.gms.common.api.CommonStatusCodes
import com.google.android.gms.common.api.Status
import java.security.MessageDigest

/** Waits for one SMS, five minutes at most, and hands its code over. Start it before the SMS is asked for. */
class CodeReceiver(private val onCode: (String) -> Unit) : BroadcastReceiver() {
    /** Begins to wait; `ready` is called when the SMS may be asked for. */
    fun listen(context: Context, ready: () -> Unit) {
        val filter = IntentFilter(SmsRetriever.SMS_RETRIEVED_ACTION)
        // Only Play services may send this broadcast.
        ContextCompat.registerReceiver(context, this, filter, SmsRetriever.SEND_PERMISSION, null, ContextCompat.RECEIVER_EXPORTED)
        SmsRetriever.getClient(context).startSmsRetriever().addOnCompleteListener { ready() }
    }

    override fun onReceive(context: Context, intent: Intent) {
        if (intent.action != SmsRetriever.SMS_RETRIEVED_ACTION) return
        context.unregisterReceiver(this)
        @Suppress("DEPRECATION")
        val status = intent.extras?.get(SmsRetriever.EXTRA_STATUS) as? Status
        // After five minutes without an SMS nothing is handed over: the person types the code.
        if (status?.statusCode != CommonStatusCodes.SUCCESS) return
        val text = intent.getStringExtra(SmsRetriever.EXTRA_SMS_MESSAGE) ?: return
        codeIn(text)?.let(onCode)
    }
}

/** The code of an SMS of Sparrow Verify: its first digits, 6 to 10 of them. Text, not a number: it may begin with 0. */
fun codeIn(text: String): String? = Regex("""\d{6,10}""").find(text)?.value

/** The hash by which the SMS Retriever knows this app. For development: print it, do not ship it. */
object AppHash {
    fun of(context: Context): List<String> {
        require(Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) { "run this on Android 9 or newer" }
        val name = context.packageName
        val signing = context.packageManager.getPackageInfo(name, PackageManager.GET_SIGNING_CERTIFICATES).signingInfo
        return signing?.apkContentsSigners.orEmpty().map { signer ->
            val digest = MessageDigest.getInstance("SHA-256").digest("$name ${signer.toCharsString()}".toByteArray())
            Base64.encodeToString(digest.copyOf(9), Base64.NO_PADDING or Base64.NO_WRAP).take(11)
        }
    }
}
