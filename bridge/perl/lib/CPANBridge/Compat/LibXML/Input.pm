package CPANBridge::Compat::LibXML::Input;

# Where a document, and what it refers to, comes from: a program's callbacks, or files. Nothing is fetched from a network.
use 5.014;
use strict;
use warnings;

use Scalar::Util ();

our $VERSION = '0.1.0';

# Set by XML::LibXML::externalEntityLoader().
our $loader;

sub new {
    my ( $class, %self ) = @_;
    return bless {%self}, $class;
}

# The content of something that a document refers to, or undef.
sub resource {
    my ( $self, $url, $public ) = @_;
    my $handler = $self->{handler} || $loader;
    if ($handler) {
        my $content = $handler->( $url, defined $public ? $public : '' );
        return if !defined $content;
        return _bytes($content);
    }
    my ( $content, $is_taken ) = $self->called($url);
    return $content if defined $content;
    return '' if $is_taken;    # a callback that takes addresses and opens nothing keeps files away from a document
    return if !$self->{files};
    return file_content($url);
}

# What the program's own callbacks give for an address, or undef; in list context also whether one of them took it.
sub called {
    my ( $self, $url ) = @_;
    for my $callbacks ( @{ $self->{callbacks} || [] } ) {
        my ( $match, $open, $read, $close ) = @$callbacks;
        next if !$match || !$match->($url);
        my $handle = $open ? $open->($url) : undef;
        return wantarray ? ( undef, 1 ) : undef if !$handle;
        my $content = '';
        while ($read) {
            my $piece = $read->( $handle, 4096 );
            last if !defined $piece || !length $piece;
            $content .= _bytes($piece);
        }
        $close->($handle) if $close;
        return wantarray ? ( $content, 1 ) : $content;
    }
    return;
}

sub has_callbacks { my ($self) = @_; return $self->{handler} || $loader || @{ $self->{callbacks} || [] } ? 1 : 0 }

sub _bytes {
    my ($text) = @_;
    $text = "$text";
    utf8::encode($text) if !utf8::downgrade( $text, 1 );
    return $text;
}

sub path_of {
    my ($url) = @_;
    my $path = $url;
    if ( $path =~ s{\Afile:(?://(?:localhost)?(?=/))?}{}i ) { $path =~ s/%([[:xdigit:]]{2})/chr hex $1/ge }
    elsif ( $path =~ /\A[A-Za-z][A-Za-z0-9+.\-]+:/ ) {return}
    return $path;
}

# The content of a local file, or undef with the reason in $!.
sub file_content {
    my ($url) = @_;
    my $path = path_of($url);
    if ( !defined $path ) { $! = 2; return }
    open my $in, '<:raw', $path or return;
    if ( -d $in ) { $! = 21; return }
    local $/;
    my $content = readline $in;
    $content = '' if !defined $content && !$in->error;
    if ( defined $content && substr( $content, 0, 2 ) eq "\x1f\x8b" ) {
        require IO::Uncompress::Gunzip;
        my $plain;
        $content = $plain if IO::Uncompress::Gunzip::gunzip( \$content, \$plain );
    }
    return $content;
}

# An address as it is meant inside a document that has another one.
sub resolved {
    my ( $url, $base ) = @_;
    return $url if !defined $base || !length $base || $url =~ m{\A(?:/|[A-Za-z][A-Za-z0-9+.\-]+:)};
    return $base if !length $url;
    $base =~ s{[^/]*\z}{};
    return "$base$url";
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::LibXML::Input - where XML documents come from

=head1 DESCRIPTION

Used by our L<XML::LibXML>; programs have no need of it.

=head1 METHODS AND FUNCTIONS

=head2 new

    my $input = CPANBridge::Compat::LibXML::Input->new( callbacks => \@callbacks, handler => $sub, files => $bool );

Callbacks are arrays of four subs: match, open, read, close. The handler comes before them; files are read only if that
is said.

=head2 resource

    my $bytes = $input->resource( $url, $public_id );

=head2 called

What the callbacks alone give.

=head2 has_callbacks

=head2 path_of

The path of a local file, or undef for other addresses.

=head2 file_content

    my $bytes = file_content($url);

=head2 resolved

    my $url = resolved( $relative, $base );

=cut
